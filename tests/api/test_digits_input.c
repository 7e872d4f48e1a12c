/* The main job on input that is not good: exit status 2, one line that says what is wrong,
 * and nothing written. */
#include "test.h"

#include "program.h"

enum { SECONDS = 30, MAX_WORDS = 16, DIGITS = 1797, PIXELS = 64, DONE_BADLY = 2 };

static int begin(void **state) {
  (void)state;
  program_folder_make();
  return 0;
}

static int end(void **state) {
  (void)state;
  program_folder_remove();
  return 0;
}

static program_result digits(const char *const *arguments) {
  const char *words[MAX_WORDS + 3] = {"digits"};
  size_t count = 1;
  while (*arguments != NULL && count < MAX_WORDS) words[count++] = *arguments++;
  return program_run(SECONDS, words);
}

/* Refused with this line, and with no trace. */
static void refused(const char *line, const char *const *arguments) {
  size_t files = program_file_count();
  program_result r = digits(arguments);
  const char *newline = strchr(r.err, '\n');
  if (r.status != DONE_BADLY || *r.out != '\0' || strncmp(r.err, "digits: ", 8) != 0 ||
      strstr(r.err, line) == NULL || newline == NULL || newline[1] != '\0' ||
      program_file_count() != files)
    fail_msg("%s %s: status %d, out '%s', err '%s', %zu files; expected: %s", arguments[0],
             arguments[1] != NULL ? arguments[1] : "", r.status, r.out, r.err,
             program_file_count(), line);
}

#define REFUSED(line, ...) refused(line, (const char *const[]){__VA_ARGS__, NULL})

static void bad_options_are_refused(void **state) {
  (void)state;
  REFUSED("--epochs: '0' is not a whole number from 1 to 100000", "--epochs", "0");
  REFUSED("--epochs: '1x' is not a whole number", "--epochs", "1x");
  REFUSED("--epochs: '' is not a whole number", "--epochs", "");
  REFUSED("--epochs: a value must follow", "--epochs");
  REFUSED("--batch: '-1' is not a whole number", "--batch", "-1");
  REFUSED("--batch: 1434 is more than the 1433 training digits", "--batch", "1434");
  REFUSED("--seed: '9223372036854775808' is not", "--seed", "9223372036854775808");
  REFUSED("--policy: 'loud' is not explicit, warn, silent or silent_for_int32",
          "--policy=loud");
  REFUSED("--mode: '' is not sync or async", "--mode=");
  REFUSED("unknown option '--dev'; see digits --help", "--dev", "CPU:0");
  REFUSED("unknown option 'stray'", "stray");
  REFUSED("unknown option '--quiet=1'", "--quiet=1");
  REFUSED("--data and --mnist exclude each other", "--data", "x", "--mnist", "y");
}

static void bad_devices_and_folders_are_refused(void **state) {
  (void)state;
  if (eager_physical_device_count() == 0) test_skip("there is no device at all");
  const char *weights = program_path("weights");
  REFUSED("--device: GPU:42 unknown device; available: ", "--device", "GPU:42", "--save",
          weights);
  REFUSED("--device: malformed device name \"on the roof\"", "--device", "on the roof",
          "--save", weights);
  REFUSED("--save: cannot make /nonexistent/weights: ", "--save", "/nonexistent/weights");
  REFUSED("--save: the value is empty", "--save", "");
  program_file_write("file", "", 0);
  REFUSED("file is not a folder", "--save", program_path("file"));
}

/* ---- The digits as CSV ---- */

/* A good file: classes of such sizes that 364 of the digits are for the test. */
static size_t write_lines(char *text, int count) {
  static const int sizes[] = {176, 176, 176, 176, 176, 177, 185, 185, 185, 185};
  size_t size = 0;
  int label = 0, left = sizes[0];
  for (int i = 0; i < count; i++) {
    if (left == 0 && label < 9) left = sizes[++label];
    left--;
    for (int pixel = 0; pixel < PIXELS; pixel++)
      size += (size_t)sprintf(text + size, "%d,", (pixel + label) % 17);
    size += (size_t)sprintf(text + size, "%d\n", label);
  }
  return size;
}

/* The same with line `number`, from 1, replaced. */
static void write_with_line(int number, const char *line) {
  char *text = test_alloc((size_t)DIGITS * PIXELS * 4);
  size_t before = write_lines(text, number - 1);
  size_t upto = write_lines(text, number), size = write_lines(text, DIGITS);
  FILE *file = fopen(program_path("digits.csv"), "wb");
  assert_non_null(file);
  fwrite(text, 1, before, file);
  fprintf(file, "%s\n", line);
  fwrite(text + upto, 1, size - upto, file);
  assert_int_equal(fclose(file), 0);
}

static void data_refused(const char *line) {
  REFUSED(line, "--data", program_path("digits.csv"), "--save", program_path("weights"));
}

/* A line of `columns` columns of zeros but one. */
static const char *line_with(int columns, int which, const char *value) {
  char *line = test_alloc(1024);
  for (int column = 1; column <= columns; column++) {
    strcat(line, column == which ? value : "0");
    if (column < columns) strcat(line, ",");
  }
  return line;
}

/* The control: what the next tests spoil is good. */
static void a_good_file_is_accepted(void **state) {
  (void)state;
  if (eager_physical_device_count() == 0) test_skip("there is no device at all");
  char *text = test_alloc((size_t)DIGITS * PIXELS * 4);
  program_file_write("digits.csv", text, write_lines(text, DIGITS));
  program_result r = digits((const char *const[]){"--data", program_path("digits.csv"),
                                                  "--epochs=1", "--quiet", NULL});
  if (r.status != 0) fail_msg("status %d: %s", r.status, r.err);
  assert_memory_equal(r.out, "test accuracy: ", 15);
}

static void malformed_digits_are_refused(void **state) {
  (void)state;
  write_with_line(3, line_with(64, 0, ""));
  data_refused("digits.csv:3: expected 65 columns, found 64");
  write_with_line(7, "");
  data_refused("digits.csv:7: expected 65 columns, found 1");
  write_with_line(1, line_with(65, 1, "17"));
  data_refused("digits.csv:1: column 1, the pixel, is 17, not 0 to 16");
  write_with_line(1, line_with(65, 2, "1.5"));
  data_refused("digits.csv:1: column 2 is not a whole number");
  write_with_line(1797, line_with(65, 65, "10"));
  data_refused("digits.csv:1797: column 65, the label, is 10, not 0 to 9");
  write_with_line(1, line_with(65, 65, "1"));
  data_refused("digits.csv: splits into 1434 training and 363 test digits, not 1433 and");
  write_with_line(1797, line_with(65, 65, "9\n0"));
  data_refused("digits.csv: more than 1797 digits");
}

static void damaged_files_are_refused(void **state) {
  (void)state;
  size_t size;
  const unsigned char *good = program_source_file("examples/data/digits.csv.gz", &size);
  assert_true(size > 30000);
  program_file_write("digits.csv", good, size / 2);
  data_refused("cannot read: the gzip file is cut short");
  unsigned char *flipped = test_alloc(size);
  memcpy(flipped, good, size);
  flipped[size - 6] ^= 1; /* of the checksum */
  program_file_write("digits.csv", flipped, size);
  data_refused("cannot read: the gzip file is damaged");
  program_file_write("digits.csv", "", 0);
  data_refused("digits.csv: expected 1797 digits, found 0");
  REFUSED("missing.csv: cannot open: ", "--data", program_path("missing.csv"));
  REFUSED(": is a folder", "--data", program_folder());
}

/* ---- MNIST ---- */

/* An IDX file of `count` items, its header promising `promised`. */
static void write_idx(const char *name, int rank, int promised, int count, int value) {
  size_t item = rank == 3 ? 28 * 28 : 1, header = 4 + 4 * (size_t)rank;
  size_t size = header + item * (size_t)count;
  unsigned char *bytes = test_alloc(size);
  memset(bytes + header, value, size - header);
  bytes[2] = 8;
  bytes[3] = (unsigned char)rank;
  bytes[7] = (unsigned char)promised;
  if (rank == 3) bytes[11] = bytes[15] = 28;
  program_file_write(name, bytes, size);
}

static const char train_images[] = "train-images-idx3-ubyte";
static const char train_labels[] = "train-labels-idx1-ubyte";

static void write_mnist(void) {
  write_idx(train_images, 3, 8, 8, 100);
  write_idx(train_labels, 1, 8, 8, 3);
  write_idx("t10k-images-idx3-ubyte", 3, 2, 2, 100);
  write_idx("t10k-labels-idx1-ubyte", 1, 2, 2, 3);
}

static void a_good_mnist_folder_is_accepted(void **state) {
  (void)state;
  if (eager_physical_device_count() == 0) test_skip("there is no device at all");
  write_mnist();
  program_result r =
      digits((const char *const[]){"--mnist", program_folder(), "--epochs=1", "--batch=8",
                                   "--check-reference", "--quiet", NULL});
  if (r.status != 0) fail_msg("status %d: %s", r.status, r.err);
  assert_memory_equal(r.out, "test accuracy: ", 15);
}

static void malformed_mnist_is_refused(void **state) {
  (void)state;
  const char *folder = program_folder();
  REFUSED("holds neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz", "--mnist",
          folder);
  write_mnist();
  write_idx(train_images, 3, 9, 8, 100);
  REFUSED("the header promises 7056 values, the file holds 6272", "--mnist", folder);
  write_idx(train_images, 1, 8, 8, 0);
  REFUSED("not an IDX file of unsigned bytes with 3 dimensions", "--mnist", folder);
  write_idx(train_images, 3, 7, 7, 100);
  REFUSED(": 7 train images but 8 labels", "--mnist", folder);
  write_mnist();
  write_idx(train_labels, 1, 8, 8, 10);
  REFUSED("the label of train image 0 is 10, not 0 to 9", "--mnist", folder);
  REFUSED("--mnist: the value is empty", "--mnist=");
  REFUSED("/nonexistent: not a folder", "--mnist", "/nonexistent");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(bad_options_are_refused),    IN_FOLDER(bad_devices_and_folders_are_refused),
      IN_FOLDER(a_good_file_is_accepted),    IN_FOLDER(malformed_digits_are_refused),
      IN_FOLDER(damaged_files_are_refused),  IN_FOLDER(a_good_mnist_folder_is_accepted),
      IN_FOLDER(malformed_mnist_is_refused),
  };
  return test_main("api/digits_input", tests, sizeof tests / sizeof *tests);
}
