#include "test_layer.h"

#include <CL/cl.h>
#include <dlfcn.h>

static const eager_layer *loaded;

void test_layer_load(void) {
  const char *path = getenv("EAGERCL_FAULT_LAYER");
  if (path != NULL) setenv("OPENCL_LAYERS", path, 1);
}

static bool is_balanced(void) {
  static const char *const kinds[] = {"context", "queue",  "mem",
                                      "program", "kernel", "event"};
  loaded->reset();
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (loaded->balance(kinds[i]) != 0)
      printf("created and retained less released: %lld %s\n",
             (long long)loaded->balance(kinds[i]), kinds[i]);
  return loaded->balance("") == 0;
}

const eager_layer *test_layer_find(void) {
  const char *path = getenv("EAGERCL_FAULT_LAYER");
  cl_uint platforms;
  clGetPlatformIDs(0, NULL, &platforms); /* the loader loads layers at the first call */
  void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_NOLOAD) : NULL;
  if (library == NULL) return NULL;
  const eager_layer *found = dlsym(library, "eager_layer_api");
  dlclose(library);
  return found;
}

const eager_layer *test_layer(void) {
  if (getenv("EAGERCL_FAULT_LAYER") == NULL) test_skip("EAGERCL_FAULT_LAYER is not set");
  loaded = test_layer_find();
  if (loaded == NULL) test_skip("this OpenCL loader does not take OPENCL_LAYERS");
  loaded->reset();
  test_at_end(is_balanced);
  return loaded;
}
