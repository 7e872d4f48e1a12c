/* What builds. Kernels of the library keep to what builds everywhere: OpenCL C 1.2. */
#include "quirk.h"

/* `legal`: 1 must build, 0 must not, -1 is the driver's choice. */
typedef struct construct {
  const char *title, *source, *options;
  int legal;
} construct;

#define KERNEL(arguments, body) "kernel void k(" arguments ") { " body " }\n"
static const construct constructs[] = {
    {"double", KERNEL("global double *x", "x[0] = x[0] * 1.1;"), "", -1},
    {"a double literal", KERNEL("global float *x", "x[0] = 1.1 * x[0];"), "", -1},
    {"float as a condition of ?:", KERNEL("global float *x", "x[0] = x[1] ? 1 : 2;"), "",
     -1},
    {"float as a condition of if", KERNEL("global float *x", "if (x[1]) x[0] = 1;"), "", 1},
    {"a size_t argument", KERNEL("global int *x, size_t n", "x[n] = 1;"), "", 0},
    {"a bool argument", KERNEL("global int *x, bool b", "x[0] = b;"), "", 0},
    {"a half variable", KERNEL("global half *x", "half h = x[0]; x[1] = h;"), "", -1},
    {"int and 64-bit atomics",
     "#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable\n" KERNEL(
         "global long *x", "atom_add(x, 1);"),
     "", -1},
    {"a local array in a block",
     KERNEL("global int *x", "{ local int l[4]; l[0] = 1; x[0] = l[0]; }"), "", 0},
    {"an array of variable length",
     KERNEL("global int *x, int n", "int a[n]; x[0] = a[0];"), "", 0},
    {"a struct of int and long",
     "typedef struct { int a; int b[8]; long c; } s;\n" KERNEL("global int *x, s v",
                                                               "x[0] = (int)v.c + v.b[2];"),
     "", 1},
    {"recursion",
     "int f(int n) { return n < 2 ? 1 : n * f(n - 1); }\n" KERNEL("global int *x",
                                                                  "x[0] = f(x[1]);"),
     "", -1},
    {"-cl-std=CL1.2", KERNEL("global int *x", "x[0] = 1;"), "-cl-std=CL1.2", 1},
    {"-cl-std=CL2.0", KERNEL("global int *x", "x[0] = 1;"), "-cl-std=CL2.0", -1},
    {"-cl-std=CL3.0", KERNEL("global int *x", "x[0] = 1;"), "-cl-std=CL3.0", -1},
    {"-g", KERNEL("global int *x", "x[0] = 1;"), "-g", -1},
    {"an unknown option", KERNEL("global int *x", "x[0] = 1;"), "-surely-not-an-option", 0},
};

static void builds(void **state) {
  const construct *c = *state;
  cl_int code;
  quirk_open();
  bool built = quirk_build(c->source, c->options, &code) != NULL;
  if (c->legal < 0 || built == (c->legal == 1)) {
    if (built)
      quirk_gives("builds");
    else
      quirk_gives("does not build: %d", code);
  } else if (built) {
    quirk_differs("builds, though it is not legal");
  } else {
    quirk_differs("does not build: %d", code);
  }
}

static void two_objects_can_be_linked(void **state) {
  (void)state;
  const quirk_device *d = quirk_open();
  const char *sources[] = {"int f(int x) { return x + 1; }\n",
                           "int f(int x);\n" KERNEL("global int *x", "x[0] = f(x[0]);")};
  cl_program parts[2];
  cl_int code = CL_SUCCESS;
  for (int i = 0; i < 2 && code == CL_SUCCESS; i++) {
    parts[i] = clCreateProgramWithSource(d->context, 1, &sources[i], NULL, &code);
    if (code == CL_SUCCESS)
      code = clCompileProgram(parts[i], 1, &d->id, "", 0, NULL, NULL, NULL, NULL);
  }
  if (code != CL_SUCCESS) test_skip("the parts do not compile: %d", code);
  clLinkProgram(d->context, 1, &d->id, "", 2, parts, NULL, NULL, &code);
  quirk_expect_code(code, CL_SUCCESS);
}

void quirk_constructs(void) {
  enum { CONSTRUCTS = sizeof constructs / sizeof *constructs };
  struct CMUnitTest tests[CONSTRUCTS + 1] = {
      [CONSTRUCTS] = cmocka_unit_test(two_objects_can_be_linked)};
  for (int i = 0; i < CONSTRUCTS; i++)
    tests[i] = (struct CMUnitTest){constructs[i].title, builds, NULL, NULL,
                                   (void *)(uintptr_t)&constructs[i]};
  test_main("quirks/language", tests, CONSTRUCTS + 1);
}
