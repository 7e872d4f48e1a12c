/* The text of a program: what the host knows as defines, then the kernel files. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/env.h"
#include "cl/kernel_table.h"
#include "cl/user_program.h"

static void define(eager__strbuf *source, const char *name, long long value) {
  eager__strbuf_format(source, "#define %s %lld\n", name, value);
}

static void write_defines(eager__strbuf *source, const eager__traits *traits,
                          bool has_float64, eager_dtype dtype, bool wide) {
  /* Without the arithmetic a float64 is eight bytes to move: whatever computes with it has
   * been refused before. */
  if (dtype == EAGER_FLOAT64 && !has_float64) dtype = EAGER_UINT64;
  const eager__dtype_row *row = eager__dtype(dtype);
  const char *computed = row->computed;
  if (wide && row->kind == EAGER__KIND_INT) computed = "long";
  if (wide && row->kind == EAGER__KIND_UINT) computed = "ulong";
  eager__strbuf_format(source, "#define T %s\n#define A %s\n", row->stored, computed);
  define(source, "WIDE", wide);
  define(source, "T_SIZE", row->size);
  define(source, "IS_FLOAT", row->kind == EAGER__KIND_FLOAT);
  define(source, "IS_INT", row->kind == EAGER__KIND_INT);
  define(source, "IS_UINT", row->kind == EAGER__KIND_UINT);
  define(source, "IS_BOOL", row->kind == EAGER__KIND_BOOL);
  define(source, "DTYPE_FLOAT32", dtype == EAGER_FLOAT32);
  define(source, "DTYPE_FLOAT64", dtype == EAGER_FLOAT64);
  define(source, "DTYPE_FLOAT16", dtype == EAGER_FLOAT16);
  define(source, "DTYPE_BFLOAT16", dtype == EAGER_BFLOAT16);
  define(source, "HAS_FP64", has_float64);
  define(source, "CPU_LIKE", traits->cpu_like);
  define(source, "SLOW_FMA", traits->slow_fma);
  define(source, "V", traits->vector_width);
}

static eager_status add_open_file(eager__strbuf *source, FILE *file, const char *path) {
  char bytes[4096];
  for (size_t count; (count = fread(bytes, 1, sizeof bytes, file)) > 0;)
    eager__strbuf_add_bytes(source, bytes, count);
  EAGER__REQUIRE(!ferror(file), EAGER_INTERNAL, "cannot read the kernel file %s", path);
  return EAGER_OK;
}

static eager_status add_from_folder(eager__strbuf *source, const char *folder,
                                    const char *name) {
  eager__strbuf path = {0};
  eager__strbuf_format(&path, "%s/%s.cl", folder, name);
  FILE *file = path.failed ? NULL : fopen(eager__strbuf_text(&path), "r");
  eager_status status = EAGER_OK;
  if (file == NULL)
    status = eager__fail(EAGER_INTERNAL, "EAGERCL_KERNEL_DIR: cannot open %s/%s.cl", folder,
                         name);
  else
    status = add_open_file(source, file, eager__strbuf_text(&path));
  if (file != NULL) fclose(file);
  eager__strbuf_free(&path);
  return status;
}

/* EAGERCL_KERNEL_DIR, for development: a kernel is edited without building the library. */
static eager_status add_file(eager__strbuf *source, const char *name) {
  const char *folder = eager__env("EAGERCL_KERNEL_DIR");
  if (folder != NULL) return add_from_folder(source, folder, name);
  for (int i = 0; i < eager__kernel_source_count; i++) {
    const eager__kernel_source *row = &eager__kernel_sources[i];
    if (strcmp(row->name, name) != 0) continue;
    eager__strbuf_add_bytes(source, row->text, row->size);
    return EAGER_OK;
  }
  EAGER__FAIL(EAGER_INTERNAL, "the library has no kernel file %s.cl", name);
}

static eager_status add_files(eager__strbuf *source, const char *const *names) {
  for (int i = 0; i < EAGER__FAMILY_FILES && names[i] != NULL; i++)
    EAGER__TRY(add_file(source, names[i]));
  return EAGER_OK;
}

static eager_status write_source(eager__strbuf *source, const eager__traits *traits,
                                 bool has_float64, const eager__family *family,
                                 eager_dtype dtype) {
  if (family->user != NULL && family->user->write == NULL) {
    eager__strbuf_add(source, family->user->text);
    return EAGER_OK;
  }
  write_defines(source, traits, has_float64, dtype, family->wide);
  EAGER__TRY(add_file(source, "prelude"));
  if (family->write_head != NULL) family->write_head(dtype, source);
  EAGER__TRY(add_files(source, family->files));
  EAGER__TRY(add_files(source, traits->cpu_like ? family->blocks : family->groups));
  if (family->write_tail != NULL) family->write_tail(dtype, source);
  if (family->user != NULL) eager__strbuf_add(source, family->user->text);
  return EAGER_OK;
}

eager_status eager__program_source(const eager__traits *traits, bool has_float64,
                                   const eager__family *family, eager_dtype dtype,
                                   char **out) {
  *out = NULL;
  eager__strbuf source = {0};
  eager_status status = write_source(&source, traits, has_float64, family, dtype);
  size_t size = source.size;
  if (status == EAGER_OK && (*out = eager__strbuf_take(&source)) == NULL)
    status = eager__out_of_memory(size);
  eager__strbuf_free(&source);
  return status;
}
