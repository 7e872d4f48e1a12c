#include "cl/build.h"

#include <CL/cl.h>
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "cl/cache.h"
#include "cl/census.h"
#include "cl/command.h"
#include "cl/error.h"
#include "cl/user_program.h"
#include "eagercl/version.h"

enum { LOG_LINES = 60, DEVICES_MAX = 64 };

void eager__write_device_key(eager__strbuf *key, const eager__device *device) {
  const eager__facts *facts = &device->physical->facts;
  eager__strbuf_format(key, "eagercl %d.%d.%d\n", EAGER_VERSION_MAJOR, EAGER_VERSION_MINOR,
                       EAGER_VERSION_PATCH);
  eager__strbuf_format(key, "platform %s, %s, %s\n", facts->platform,
                       facts->platform_vendor, facts->platform_version);
  eager__strbuf_format(key, "device %s, %s, %s, %" PRIu32 " bits\n", facts->device,
                       facts->vendor, facts->device_version, facts->address_bits);
  eager__strbuf_format(key, "driver %s\n", facts->driver_version);
  if (!facts->has_uuid) return;
  eager__strbuf_add(key, "uuid ");
  for (size_t i = 0; i < sizeof facts->uuid; i++)
    eager__strbuf_format(key, "%02x", facts->uuid[i]);
  eager__strbuf_add(key, "\n");
}

/* For the compiler; a user may choose another standard. */
static void write_options(const eager__family *family, eager__strbuf *out) {
  const char *user = family->user != NULL ? family->user->options : "";
  if (strstr(user, "-cl-std=") == NULL) eager__strbuf_add(out, "-cl-std=CL1.2");
  if (*user != '\0') eager__strbuf_format(out, " %s", user);
}

/* NULL where the disk cache does not pay or memory is short. */
static char *make_key(const eager__device *device, const char *options,
                      const char *source) {
  if (!device->traits.disk_cache) return NULL;
  eager__strbuf key = {0};
  size_t size = strlen(source);
  eager__digest digest = eager__digest_bytes(source, size);
  eager__write_device_key(&key, device);
  eager__strbuf_format(&key, "options %s\nsource %zu bytes, %016" PRIx64 "%016" PRIx64 "\n",
                       options, size, digest.sums[0], digest.sums[1]);
  return eager__strbuf_take(&key);
}

static void cut_lines(char *text, int lines) {
  for (char *end = strchr(text, '\n'); end != NULL; end = strchr(end + 1, '\n')) {
    if (--lines > 0) continue;
    *end = '\0';
    return;
  }
}

/* Allocated; NULL when there is none. */
static char *build_log(const eager__device *device, cl_program program) {
  size_t size = 0;
  if (clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size) != 0)
    return NULL;
  char *log = eager__alloc(size + 1);
  if (log == NULL || clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size,
                                           log, NULL) != 0) {
    eager__free(log);
    return NULL;
  }
  cut_lines(log, LOG_LINES);
  return log;
}

static void release_program(eager__device *device, cl_program program) {
  eager__cl_enter(device->context);
  clReleaseProgram(program);
  eager__cl_leave(device->context);
  eager__census_add(EAGER__OBJECT_PROGRAM, -1);
}

/* Takes over a program just created; releases it where building fails. */
static cl_int compile(eager__device *device, cl_program program, const char *options,
                      char **out_log) {
  eager__census_add(EAGER__OBJECT_PROGRAM, 1);
  eager__cl_enter(device->context);
  cl_int code = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
  if (code != CL_SUCCESS && out_log != NULL) *out_log = build_log(device, program);
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS) release_program(device, program);
  return code;
}

static cl_program from_disk(eager__device *device, const char *options, const char *key) {
  void *bytes;
  size_t size;
  if (key == NULL || !eager__cache_load(key, &bytes, &size)) return NULL;
  const unsigned char *binary = bytes;
  cl_int code, of_binary;
  eager__cl_enter(device->context);
  cl_program program = clCreateProgramWithBinary(device->context->cl, 1, &device->id, &size,
                                                 &binary, &of_binary, &code);
  eager__cl_leave(device->context);
  eager__free(bytes);
  if (code == CL_SUCCESS) code = compile(device, program, options, NULL);
  if (code == CL_SUCCESS) return program;
  eager__cache_remove(key);
  return NULL;
}

/* The library's own text is ours to answer for, a user's is an argument. */
static eager_status fail_build(const eager__device *device, const eager__family *family,
                               eager_dtype dtype, cl_int code, const char *log) {
  if (log == NULL) log = "(no build log)";
  if (family->user == NULL)
    return eager__fail_cl(EAGER_INTERNAL, code,
                          "building the kernels of %s for %s failed on %s: %s (%d)\n%s",
                          family->name, eager__dtype(dtype)->name, device->short_name,
                          eager__cl_error_name(code), code, log);
  eager__strbuf lines = {0};
  eager__write_numbered(family->user->written, log, &lines);
  bool is_text = code == CL_BUILD_PROGRAM_FAILURE || code == CL_INVALID_BUILD_OPTIONS;
  eager_status status =
      is_text && !family->user->is_library ? EAGER_INVALID_ARGUMENT : EAGER_INTERNAL;
  eager__fail_cl(status, code, "building %s failed on %s: %s (%d)\n%s\n%s", family->name,
                 device->short_name, eager__cl_error_name(code), code, log,
                 eager__strbuf_text(&lines));
  eager__strbuf_free(&lines);
  return status;
}

static eager_status from_text(eager__device *device, const eager__family *family,
                              eager_dtype dtype, const char *options, const char *source,
                              cl_program *out) {
  cl_int code;
  eager__cl_enter(device->context);
  cl_program program =
      clCreateProgramWithSource(device->context->cl, 1, &source, NULL, &code);
  eager__cl_leave(device->context);
  if (code != CL_SUCCESS)
    return eager__command_refused(device, "clCreateProgramWithSource", code);
  char *log = NULL;
  code = compile(device, program, options, &log);
  eager_status status =
      code == CL_SUCCESS ? EAGER_OK : fail_build(device, family, dtype, code, log);
  eager__free(log);
  *out = program;
  return status;
}

eager_status eager__build(eager__device *device, const eager__family *family,
                          eager_dtype dtype, bool fresh, eager__built *out) {
  *out = (eager__built){0};
  char *source;
  EAGER__TRY(eager__program_source(&device->traits, device->info.has_float64, family, dtype,
                                   &source));
  eager__strbuf options = {0};
  write_options(family, &options);
  const char *chosen = eager__strbuf_text(&options);
  char *key = make_key(device, chosen, source);
  if (fresh && key != NULL) eager__cache_remove(key);
  cl_program program = fresh ? NULL : from_disk(device, chosen, key);
  bool is_cached = program != NULL;
  eager_status status =
      is_cached ? EAGER_OK : from_text(device, family, dtype, chosen, source, &program);
  eager__strbuf_free(&options);
  eager__free(source);
  if (status != EAGER_OK || is_cached) {
    eager__free(key);
    key = NULL;
  }
  if (status == EAGER_OK) *out = (eager__built){program, is_cached, key};
  return status;
}

/* The binary, allocated; NULL when the driver has none. The program was built for one
 * device of its context's, so one size is not zero: drivers differ in whether the others
 * are listed at all. */
static unsigned char *get_binary(cl_program program, size_t *out_size) {
  size_t sizes[DEVICES_MAX] = {0}, listed = 0;
  unsigned char *binaries[DEVICES_MAX] = {0}; /* NULL: that device's is not wanted */
  int position = -1;
  if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof sizes, sizes, &listed) !=
      CL_SUCCESS)
    return NULL;
  for (int i = 0; i < DEVICES_MAX; i++) {
    if (sizes[i] == 0) continue;
    if (position >= 0) return NULL;
    position = i;
  }
  unsigned char *binary = position >= 0 ? eager__alloc(sizes[position]) : NULL;
  if (binary == NULL) return NULL;
  binaries[position] = binary;
  size_t size =
      listed / sizeof *sizes * sizeof *binaries; /* rusticl ends the process for more */
  if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, size, binaries, NULL) != CL_SUCCESS) {
    eager__free(binary);
    return NULL;
  }
  *out_size = sizes[position];
  return binary;
}

void eager__build_keep(eager__device *device, eager__built *built) {
  if (built->key == NULL) return;
  size_t size;
  eager__cl_enter(device->context);
  unsigned char *binary = get_binary(built->program, &size);
  eager__cl_leave(device->context);
  if (binary != NULL) eager__cache_store(built->key, binary, size);
  eager__free(binary);
  eager__free(built->key);
  built->key = NULL;
}

void eager__build_release(eager__device *device, eager__built *built) {
  if (built->program != NULL) release_program(device, built->program);
  eager__free(built->key);
  *built = (eager__built){0};
}
