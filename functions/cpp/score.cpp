// Scores events in C++ by TensorFlow's C API, as analysis code does that must not start Python.
//
//   score model.pb EVENTS INPUT OUTPUT
//
// model.pb: a frozen graph, of `deno run -A functions/cpp/freeze.ts RUN`. EVENTS: an HDF5 file of SuperNEMO's hits, drawn as
// `deno task train supernemo-top`, -side or -front draw them by default, or float32 [events, ...] in a .npy file.
// INPUT and OUTPUT: names in the model's card. Prints a line of numbers for each event.
#include <hdf5.h>
#include <tensorflow/c/c_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

using Shape = std::vector<int64_t>;

static int64_t sizeOf(const Shape& shape) {
  int64_t size = 1;
  for (int64_t side : shape) size *= side;
  return size;
}

static std::ifstream openFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(std::string("Cannot read \"") + path + "\"");
  return file;
}

static bool isNpy(const char* path) {
  char magic[6] = {};
  openFile(path).read(magic, sizeof(magic));
  return std::memcmp(magic, "\x93NUMPY", sizeof(magic)) == 0;
}

static std::string readFile(const char* path) {
  std::ifstream file = openFile(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

static void check(TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) throw std::runtime_error(TF_Message(status));
}

// The shape in a .npy header, "... 'shape': (24, 9, 113, 1), ...".
static Shape shapeOf(const std::string& header) {
  if (header.find("'<f4'") == std::string::npos) throw std::runtime_error("Cannot score other than float32");
  Shape shape;
  const char* at = header.c_str() + header.find("'shape': (") + 10;
  while (*at != ')') {
    char* end;
    shape.push_back(std::strtoll(at, &end, 10));
    for (at = end; *at == ',' || *at == ' ';) ++at;
  }
  return shape;
}

// The values of a .npy file, whose events have the shape that the model takes.
static std::vector<float> eventsOfNpy(const std::string& file, const Shape& input) {
  size_t first = 10 + (unsigned char)file[8] + 256 * (unsigned char)file[9];
  Shape shape = shapeOf(file.substr(10, first - 10));
  if (!std::equal(shape.begin() + 1, shape.end(), input.begin() + 1, input.end()))
    throw std::runtime_error("Cannot score events of another shape than the model's");
  std::vector<float> events(sizeOf(shape));
  if (file.size() != first + events.size() * sizeof(float)) throw std::runtime_error("Cannot score half a file");
  std::memcpy(events.data(), file.data() + first, file.size() - first);
  return events;
}

// A whole column of an HDF5 file.
static std::vector<double> column(hid_t file, const char* name) {
  hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  if (set < 0) throw std::runtime_error(std::string("Cannot find the column ") + name);
  hid_t space = H5Dget_space(set);
  std::vector<double> values(H5Sget_simple_extent_npoints(space));
  herr_t failed = H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  H5Sclose(space);
  H5Dclose(set);
  if (failed < 0) throw std::runtime_error(std::string("Cannot read the column ") + name);
  return values;
}

// Events as seen from above [9, 113], from the side [30, 113] or the front [30, 9]: 1 where a cell fired, on either side of the foil.
static std::vector<float> eventsOfHits(const char* path, const Shape& input) {
  int64_t rows = input.size() == 4 && input[3] == 1 ? input[1] : 0, columns = rows ? input[2] : 0;
  bool isTop = rows == 9 && columns == 113, isSide = rows == 30 && columns == 113, isFront = rows == 30 && columns == 9;
  if (!isTop && !isSide && !isFront) throw std::runtime_error("Cannot draw hits for this model: write its events as .npy");
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) throw std::runtime_error(std::string("Cannot read \"") + path + "\"");
  std::vector<double> offsets = column(file, "hit_offsets"), layer = column(file, "grid_layer"),
                      cell = column(file, "grid_column"), height = column(file, "wirez");
  H5Fclose(file);
  std::vector<float> events((offsets.size() - 1) * rows * columns);
  for (size_t event = 0; event + 1 < offsets.size(); ++event) {
    for (size_t hit = offsets[event]; hit < offsets[event + 1]; ++hit) {
      int64_t bin = (std::clamp(height[hit], -1500.0, 1490.0) + 1500) / 100;
      int64_t row = isTop ? layer[hit] : bin, at = isFront ? layer[hit] : cell[hit];
      events[(event * rows + row) * columns + at] = 1;
    }
  }
  return events;
}

// The shape that an input takes, one event at a time.
static Shape inputShape(TF_Graph* graph, TF_Output input, TF_Status* status) {
  int sides = TF_GraphGetTensorNumDims(graph, input, status);
  check(status);
  Shape shape(sides);
  TF_GraphGetTensorShape(graph, input, shape.data(), sides, status);
  check(status);
  return shape;
}

static int run(char** args) {
  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  std::string model = readFile(args[1]);
  TF_Buffer* buffer = TF_NewBufferFromString(model.data(), model.size());
  TF_GraphImportGraphDef(graph, buffer, TF_NewImportGraphDefOptions(), status);
  check(status);
  TF_Session* session = TF_NewSession(graph, TF_NewSessionOptions(), status);
  check(status);
  TF_Output input{TF_GraphOperationByName(graph, args[3]), 0};
  TF_Output output{TF_GraphOperationByName(graph, args[4]), 0};
  if (!input.oper || !output.oper) throw std::runtime_error("Cannot find the input or the output in the model");

  Shape shape = inputShape(graph, input, status);
  std::vector<float> events = isNpy(args[2]) ? eventsOfNpy(readFile(args[2]), shape) : eventsOfHits(args[2], shape);
  int64_t size = sizeOf(shape), count = events.size() / size;
  for (int64_t event = 0; event < count; ++event) {
    TF_Tensor* image = TF_AllocateTensor(TF_FLOAT, shape.data(), shape.size(), size * sizeof(float));
    std::copy_n(&events[event * size], size, static_cast<float*>(TF_TensorData(image)));
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
    std::fprintf(stderr, "Usage: score model.pb EVENTS INPUT OUTPUT\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
