"""Checks our .onnx files and runs them in ONNX Runtime."""

import onnx
import onnxruntime

from peer import array, numbers, serve


def infer(case):
    """Checks an .onnx file of ours and runs it."""
    model = onnx.load(case["file"])
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(case["file"], options, providers=["CPUExecutionProvider"])
    feeds = {}
    for spec in session.get_inputs():
        feeds[spec.name] = numbers(case["inputs"][spec.name], "int32" if "int32" in spec.type else "float32")
    names = [o.name for o in session.get_outputs()]
    shapes = {o.name: o.shape for o in [*session.get_inputs(), *session.get_outputs()]}
    outputs = dict(zip(names, map(array, session.run(names, feeds))))
    opset = {o.domain: o.version for o in model.opset_import}
    nodes = [n.op_type for n in model.graph.node]
    return {"outputs": outputs, "opset": opset, "shapes": shapes, "nodes": nodes}


if __name__ == "__main__":
    serve({"infer": infer})
