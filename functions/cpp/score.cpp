// Scores events in C++ by TensorFlow's C API, as analysis code does that must not start Python.
//
//   score model.pb events.npy INPUT OUTPUT
//
// model.pb: a frozen graph, of `deno run -A functions/cpp/freeze.ts RUN`. events.npy: float32 [events, ...], such as views of events.
// INPUT and OUTPUT: names in the model's card. Prints a line of numbers for each event.
#include <tensorflow/c/c_api.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

static std::string readFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(std::string("Cannot read \"") + path + "\"");
  return {std::istreambuf_iterator<char>(file), {}};
}

static void check(TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) throw std::runtime_error(TF_Message(status));
}

// The shape in a .npy header, "... 'shape': (24, 9, 113, 1), ...".
static std::vector<int64_t> shapeOf(const std::string& header) {
  if (header.find("'<f4'") == std::string::npos) throw std::runtime_error("Cannot score other than float32");
  std::vector<int64_t> shape;
  const char* at = header.c_str() + header.find("'shape': (") + 10;
  while (*at != ')') {
    char* end;
    shape.push_back(std::strtoll(at, &end, 10));
    for (at = end; *at == ',' || *at == ' ';) ++at;
  }
  return shape;
}

static int run(char** args) {
  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  std::string model = readFile(args[1]), events = readFile(args[2]);
  TF_Buffer* buffer = TF_NewBufferFromString(model.data(), model.size());
  TF_GraphImportGraphDef(graph, buffer, TF_NewImportGraphDefOptions(), status);
  check(status);
  TF_Session* session = TF_NewSession(graph, TF_NewSessionOptions(), status);
  check(status);
  TF_Output input{TF_GraphOperationByName(graph, args[3]), 0};
  TF_Output output{TF_GraphOperationByName(graph, args[4]), 0};
  if (!input.oper || !output.oper) throw std::runtime_error("Cannot find the input or the output in the model");

  size_t first = 10 + (unsigned char)events[8] + 256 * (unsigned char)events[9];
  std::vector<int64_t> shape = shapeOf(events.substr(10, first - 10));
  int64_t count = shape[0];
  shape[0] = 1;
  size_t bytes = sizeof(float);
  for (int64_t side : shape) bytes *= side;
  if (events.size() != first + count * bytes) throw std::runtime_error("Cannot score half a file");
  for (int64_t event = 0; event < count; ++event) {
    TF_Tensor* image = TF_AllocateTensor(TF_FLOAT, shape.data(), shape.size(), bytes);
    events.copy(static_cast<char*>(TF_TensorData(image)), bytes, first + event * bytes);
    TF_Tensor* scores = nullptr;
    TF_SessionRun(session, nullptr, &input, &image, 1, &output, &scores, 1, nullptr, 0, nullptr, status);
    check(status);
    const float* values = static_cast<const float*>(TF_TensorData(scores));
    for (int64_t i = 0; i < TF_TensorElementCount(scores); ++i) std::printf(i ? " %.9g" : "%.9g", values[i]);
    std::printf("\n");
    TF_DeleteTensor(image);
    TF_DeleteTensor(scores);
  }
  return 0;
}

int main(int count, char** args) {
  try {
    if (count == 5) return run(args);
    std::fprintf(stderr, "Usage: score model.pb events.npy INPUT OUTPUT\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
