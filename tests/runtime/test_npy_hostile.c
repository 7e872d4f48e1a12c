/* ctest: timeout=120 */
/* .npy and .npz files from untrusted sources: what their headers claim is held against the
 * file's size and the device's memory before any host memory is asked for; pipes give what
 * they have. */
#include <pthread.h>
#include <signal.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "program.h"
#include "test.h"

static char header_text[256];

/* Version 1, padded to 128 bytes. */
static size_t make_header(const char *descr, const char *shape, unsigned char *out) {
  memset(out, ' ', 128);
  memcpy(out, "\x93NUMPY\x01\x00\x76\x00", 10);
  snprintf(header_text, sizeof header_text,
           "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
  memcpy(out + 10, header_text, strlen(header_text));
  out[127] = '\n';
  return 128;
}

/* So that a host allocation of what is claimed fails. Sanitizers map more than that, and
 * end the process at such an allocation. */
#ifdef EAGER__SANITIZED
static const bool may_limit = false;
#else
static const bool may_limit = true;
#endif

static void limit_host_memory(void) {
  struct rlimit now;
  if (!may_limit) return;
  assert_int_equal(getrlimit(RLIMIT_DATA, &now), 0);
  now.rlim_cur = (rlim_t)3 << 30;
  assert_int_equal(setrlimit(RLIMIT_DATA, &now), 0);
}

static void claims_beyond_the_file_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *descr, *shape;
    eager_status status;
  } cases[] = {
      {"<f4", "(1152921504606846976,)", EAGER_DATA_LOSS},          /* 2^60 */
      {"|u1", "(4611686018427387904,)", EAGER_DATA_LOSS},          /* 2^62 */
      {"<f8", "(2147483648, 2147483648)", EAGER_INVALID_ARGUMENT}, /* 2^65 bytes */
      {"<f4", "(4294967296, 4294967296, 4294967296)", EAGER_INVALID_ARGUMENT},
      {"<f8", "(18446744073709551616,)", EAGER_INVALID_ARGUMENT},
      {"|u1", "(9223372036854775807, 2)", EAGER_INVALID_ARGUMENT},
      {"|u1", "(-1,)", EAGER_INVALID_ARGUMENT},
      {"<f4", "(1000000000,)", EAGER_DATA_LOSS}, /* 4 GB */
  };
  test_enable();
  limit_host_memory();
  program_folder_make();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned char file[128 + 64] = {0};
    size_t size = make_header(cases[i].descr, cases[i].shape, file);
    program_file_write("claims.npy", file, size + 64);
    eager_tensor *t = (eager_tensor *)&t;
    eager_status status = eager_npy_load(program_path("claims.npy"), &t);
    if (status != cases[i].status)
      fail_msg("%s: %s: %s", header_text, eager_status_name(status), eager_error_message());
    assert_null(t);
  }
  /* An empty array however large its other axes are. */
  unsigned char file[128];
  eager_tensor *t;
  program_file_write("claims.npy", file, make_header("<f4", "(0, 1099511627776)", file));
  assert_ok(eager_npy_load(program_path("claims.npy"), &t));
  assert_int_equal(eager_tensor_num_elements(t), 0);
  eager_tensor_release(t);
  program_folder_remove();
}

/* As large as it claims, on a disk that holds none of it. */
static void a_sparse_file_is_refused_before_it_is_read(void **state) {
  (void)state;
  test_enable();
  limit_host_memory();
  program_folder_make();
  unsigned char header[128];
  size_t size = make_header("|u1", "(1099511627776,)", header);
  program_file_write("sparse.npy", header, size);
  if (truncate(program_path("sparse.npy"), (off_t)1099511627776 + 128) != 0) {
    program_folder_remove();
    test_skip("no file of 1 TiB here");
  }
  eager_tensor *t = (eager_tensor *)&t;
  assert_fails_like(eager_npy_load(program_path("sparse.npy"), &t),
                    EAGER_RESOURCE_EXHAUSTED, "1099511627776 bytes are more than");
  assert_null(t);
  program_folder_remove();
}

/* --- Pipes --- */

typedef struct feed {
  const char *path;
  const unsigned char *bytes;
  size_t size;
} feed;

static void *write_pipe(void *argument) {
  const feed *f = argument;
  int file = open(f->path, O_WRONLY);
  for (size_t done = 0; file >= 0 && done < f->size;) {
    size_t part = f->size - done < 7 ? f->size - done : 7;
    ssize_t wrote = write(file, f->bytes + done, part);
    if (wrote <= 0) break;
    done += (size_t)wrote;
  }
  close(file);
  return NULL;
}

static eager_status load_pipe(const unsigned char *bytes, size_t size, eager_tensor **out) {
  feed f = {program_path("pipe.npy"), bytes, size};
  pthread_t writer;
  assert_int_equal(pthread_create(&writer, NULL, write_pipe, &f), 0);
  eager_status status = eager_npy_load(f.path, out);
  pthread_join(writer, NULL);
  return status;
}

static void pipes_give_what_they_have(void **state) {
  (void)state;
  test_enable();
  signal(SIGPIPE, SIG_IGN);
  program_folder_make();
  assert_int_equal(mkfifo(program_path("pipe.npy"), 0600), 0);
  unsigned char file[128 + 16] = {0};
  eager_tensor *t;
  make_header("<i4", "(4,)", file);
  for (int i = 0; i < 4; i++) memcpy(file + 128 + 4 * i, &(int32_t){i + 1}, 4);
  assert_ok(load_pipe(file, sizeof file, &t));
  int32_t got[4];
  assert_ok(eager_tensor_to_host(t, got, sizeof got));
  for (int i = 0; i < 4; i++) assert_int_equal(got[i], i + 1);
  eager_tensor_release(t);
  assert_fails_like(load_pipe(file, sizeof file - 1, &t), EAGER_DATA_LOSS, "cut short");
  assert_null(t);
  assert_fails_like(load_pipe(file, 40, &t), EAGER_DATA_LOSS, "inside its header");
  make_header("|u1", "(1152921504606846976,)", file);
  assert_fails_like(load_pipe(file, sizeof file, &t), EAGER_RESOURCE_EXHAUSTED,
                    "more than");
  program_folder_remove();
}

static void devices_are_no_files(void **state) {
  (void)state;
  eager_tensor *t;
  eager_npz *npz;
  test_enable();
  assert_fails_like(eager_npy_load("/dev/zero", &t), EAGER_INVALID_ARGUMENT,
                    "not a .npy file");
  assert_fails_like(eager_npy_load("/dev/null", &t), EAGER_DATA_LOSS, "");
  assert_int_not_equal(eager_npz_load("/dev/zero", &npz), EAGER_OK);
  assert_int_not_equal(eager_npz_load("/dev/null", &npz), EAGER_OK);
}

/* --- Archives --- */

static void put(unsigned char *at, uint64_t value, int size) {
  for (int i = 0; i < size; i++) at[i] = (unsigned char)(value >> 8 * i);
}

/* One member "a.npy" of `packed` bytes that claims to hold `size`. */
static size_t make_archive(int method, const unsigned char *bytes, size_t packed,
                           uint32_t crc, uint32_t size, unsigned char *out) {
  unsigned char *at = out;
  memset(out, 0, 30 + 5 + packed + 46 + 5 + 22);
  for (int central = 0; central < 2; central++) {
    put(at, central ? 0x02014b50 : 0x04034b50, 4);
    unsigned char *common = at + (central ? 6 : 4);
    put(common, 20, 2);
    put(common + 4, (uint64_t)method, 2);
    put(common + 10, crc, 4);
    put(common + 14, packed, 4);
    put(common + 18, size, 4);
    put(common + 22, 5, 2);
    at += central ? 46 : 30;
    memcpy(at, "a.npy", 5);
    at += 5;
    if (!central) memcpy(at, bytes, packed), at += packed;
  }
  put(at, 0x06054b50, 4);
  put(at + 8, 1, 2);
  put(at + 10, 1, 2);
  put(at + 12, 46 + 5, 4);
  put(at + 16, 30 + 5 + packed, 4);
  return (size_t)(at + 22 - out);
}

static eager_status load_archive(const unsigned char *bytes, size_t size,
                                 eager_tensor **out) {
  eager_npz *npz;
  *out = NULL;
  program_file_write("a.npz", bytes, size);
  eager_status status = eager_npz_load(program_path("a.npz"), &npz);
  if (status != EAGER_OK) return status;
  status = eager_npz_get(npz, "a", out);
  eager_npz_release(npz);
  return status;
}

static void bombs_do_not_go_off(void **state) {
  (void)state;
  enum { MEMBER = 128 + (8 << 20), ROOM = 1 << 20 };
  test_enable();
  program_folder_make();
  unsigned char *member = test_alloc(MEMBER), *packed = test_alloc(ROOM),
                *archive = test_alloc(2 * ROOM);
  make_header("|u1", "(8388608,)", member);
  uint32_t crc = (uint32_t)crc32(0, member, MEMBER);
  z_stream stream = {
      .next_in = member, .avail_in = MEMBER, .next_out = packed, .avail_out = ROOM};
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  size_t size = stream.total_out;
  deflateEnd(&stream);
  eager_tensor *t;
  /* The honest one: 8 MiB of zeros in 8 KiB. */
  size_t whole = make_archive(8, packed, size, crc, MEMBER, archive);
  assert_ok(load_archive(archive, whole, &t));
  assert_int_equal(eager_tensor_num_elements(t), 8 << 20);
  eager_tensor_release(t);
  /* More than deflate could make of so few bytes; less, and more, than there is. */
  static const uint32_t claims[] = {UINT32_MAX - 1, 100 << 20, MEMBER - 1,
                                    MEMBER + 1,     1,         0};
  limit_host_memory();
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    whole = make_archive(8, packed, size, crc, claims[i], archive);
    assert_int_not_equal(load_archive(archive, whole, &t), EAGER_OK);
    assert_null(t);
  }
  /* Stored: its size is the file's to hold. */
  whole = make_archive(0, packed, size, crc, UINT32_MAX - 1, archive);
  assert_int_equal(load_archive(archive, whole, &t), EAGER_DATA_LOSS);
  printf("  bad input: 8 npy claims, a sparse TiB, 4 pipes, 4 devices, 7 archives\n");
  program_folder_remove();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(claims_beyond_the_file_are_refused),
      cmocka_unit_test(a_sparse_file_is_refused_before_it_is_read),
      cmocka_unit_test(pipes_give_what_they_have),
      cmocka_unit_test(devices_are_no_files),
      cmocka_unit_test(bombs_do_not_go_off),
  };
  return test_main_each("runtime/npy_hostile", tests, sizeof tests / sizeof *tests);
}
