/* What the fuzz harnesses share. A harness is one file, fuzz_<x>.c, for one thing that
 * reads what others wrote; its seeds lie in <x>/. Whatever it is given: no crash, no leak,
 * no undefined behaviour, and every failure has a code and a text.
 *
 *   cmake --preset fuzz && cmake --build --preset fuzz && ctest --preset fuzz
 *
 * gives each harness EAGERCL_FUZZ_SECONDS (a CMake variable). For a longer run, or to run
 * one finding again: build/fuzz/fuzz_<x> -max_total_time=900 tests/fuzz/<x>, or a file. */
#ifndef EAGER_TESTS_FUZZ_H
#define EAGER_TESTS_FUZZ_H

#include <eagercl/eagercl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libFuzzer calls it with each input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which libFuzzer reports with the input, if not `fine`. */
void fuzz_require(bool fine, const char *what);
/* That a failure has a text, which is cleared. Whether `status` is EAGER_OK. */
bool fuzz_ok(eager_status status);

/* A copy with an end; freed by the next call. */
const char *fuzz_text(const uint8_t *data, size_t size);

/* The input as a file, there until the next call: its path. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* Enables execution once: SYNC, on CPU:0, with little memory. */
void fuzz_enable(void);

/* Bytes taken from the input one after the other; zeros behind its end. */
typedef struct fuzz_bytes {
  const uint8_t *data;
  size_t size;
} fuzz_bytes;

uint8_t fuzz_byte(fuzz_bytes *from);
/* A whole number, mostly small, at times at the edges of the types. */
int64_t fuzz_int(fuzz_bytes *from);

/* One of a few tensors of all dtypes and of small shapes; owned by the library. */
eager_tensor *fuzz_tensor(fuzz_bytes *from);

#endif
