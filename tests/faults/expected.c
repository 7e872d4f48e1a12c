#include "expected.h"

/* From the specification's lists of errors, and from what drivers were seen to give: -9999
 * is NVIDIA's, -36 what a queue says whose device is gone, -54 what some say of a
 * work-group that the compiled kernel is too large for. */
static const struct {
  const char *call;
  int codes[8];
} plausible[] = {
    {"clGetPlatformIDs", {-6}},
    {"clGetPlatformInfo", {-6}},
    {"clGetDeviceIDs", {-5, -6}},
    {"clGetDeviceInfo", {-5, -6}},
    {"clCreateContext", {-5, -6}},
    {"clCreateCommandQueue", {-5, -6}},
    {"clCreateBuffer", {-4, -5, -6, -61}},
    {"clCreateProgramWithSource", {-5, -6}},
    {"clCreateProgramWithBinary", {-5, -6}},
    {"clCreateKernel", {-5, -6}},
    {"clRetainMemObject", {-5, -6}},
    {"clRetainEvent", {-5, -6}},
    {"clReleaseContext", {-5, -6}},
    {"clReleaseCommandQueue", {-5, -6}},
    {"clReleaseMemObject", {-5, -6}},
    {"clReleaseProgram", {-5, -6}},
    {"clReleaseKernel", {-5, -6}},
    {"clReleaseEvent", {-5, -6}},
    {"clBuildProgram", {-5, -6, -11}},
    {"clGetProgramInfo", {-5, -6}},
    {"clGetProgramBuildInfo", {-5, -6}},
    {"clGetKernelInfo", {-5, -6}},
    {"clGetKernelWorkGroupInfo", {-5, -6}},
    {"clGetMemObjectInfo", {-5, -6}},
    {"clSetMemObjectDestructorCallback", {-5, -6}},
    {"clSetKernelArg", {-5, -6}},
    {"clEnqueueNDRangeKernel", {-4, -5, -6, -36, -54, -9999}},
    {"clEnqueueReadBuffer", {-4, -5, -6, -36, -9999}},
    {"clEnqueueWriteBuffer", {-4, -5, -6, -36, -9999}},
    {"clEnqueueCopyBuffer", {-4, -5, -6, -36, -9999}},
    {"clEnqueueFillBuffer", {-4, -5, -6, -36, -9999}},
    {"clEnqueueMapBuffer", {-4, -5, -6, -12, -36, -9999}},
    {"clEnqueueUnmapMemObject", {-5, -6, -36, -9999}},
    {"clEnqueueMarkerWithWaitList", {-4, -5, -6, -36}},
    {"clFlush", {-5, -6, -36, -9999}},
    {"clWaitForEvents", {-5, -6, -36, -9999}},
    {"clGetEventInfo", {-5, -6}},
    {"clGetEventProfilingInfo", {-5, -6}},
};
enum { CALLS = sizeof plausible / sizeof plausible[0] };

/* All but discovery and the end. */
enum { WORK = ~(FAULT_DISCOVERY | FAULT_ENDING) };

static const char again[] = "room is made and the call repeated, once",
                  dead[] = "-36 and -9999 say that the device is gone, wherever they come",
                  at_sync[] =
                      "at a sync point every such code says that the device is gone",
                  rebuilt[] = "what the disk gave is of no use: built from the text";

/* The first row that fits counts. A name's beginning stands for all that begin so. */
static const fault_expectation rows[] = {
    /* The end comes, whatever the driver says of it. */
    {"", FAULT_ENDING, 0, FAULT_SURVIVED, EAGER_OK, "eager_shutdown cannot be refused"},
    {"clRelease", WORK, 0, FAULT_SURVIVED, EAGER_OK,
     "a release that fails takes nothing from the program"},

    /* Traces. */
    {"clGetEventProfilingInfo", WORK, 0, FAULT_SURVIVED, EAGER_OK,
     "the trace has the host's times instead"},
    {"clCreateCommandQueue", FAULT_MEASURING, 0, FAULT_SURVIVED, EAGER_OK,
     "made again without profiling"},
    {"clEnqueueWriteBuffer", FAULT_MEASURING, 0, FAULT_SURVIVED | FAULT_LOST, EAGER_OK,
     "of a measurement: no command of the program's; of the upload: as below"},
    {"clWaitForEvents", FAULT_MEASURING, 0, FAULT_SURVIVED | FAULT_LOST, EAGER_OK,
     "of a measurement: no command of the program's; of the upload: a sync point"},

    /* Memory. */
    {"clCreateBuffer", WORK, 0, FAULT_SURVIVED, EAGER_OK, again},
    {"clSetMemObjectDestructorCallback", WORK, 0, FAULT_SURVIVED, EAGER_OK,
     "the driver's own pages are taken instead of huge ones"},

    /* Commands. */
    {"clSetKernelArg", WORK, 0, FAULT_SURVIVED, EAGER_OK, again},
    {"clEnqueue", WORK, -36, FAULT_LOST, EAGER_OK, dead},
    {"clEnqueue", WORK, -9999, FAULT_LOST, EAGER_OK, dead},
    {"clEnqueue", WORK, -54, FAULT_TOLD, EAGER_INTERNAL, NULL},
    {"clEnqueueMapBuffer", WORK, -12, FAULT_TOLD, EAGER_INTERNAL, NULL},
    {"clEnqueueMarkerWithWaitList", WORK, 0, FAULT_SURVIVED, EAGER_OK,
     "asked again by whoever waits"},
    {"clEnqueueUnmapMemObject", WORK, 0, FAULT_SURVIVED, EAGER_OK,
     "asked twice: what stays mapped is never freed"},
    {"clEnqueue", WORK, 0, FAULT_SURVIVED, EAGER_OK, again},
    {"clFlush", WORK, -36, FAULT_LOST, EAGER_OK, dead},
    {"clFlush", WORK, -9999, FAULT_LOST, EAGER_OK, dead},
    {"clFlush", WORK, 0, FAULT_SURVIVED, EAGER_OK, "whoever looks or waits flushes again"},

    /* Sync points. */
    {"clWaitForEvents", FAULT_SHARING, 0, FAULT_TOLD | FAULT_LOST, EAGER_INTERNAL,
     "the user's event may have failed for reasons of its own: told"},
    {"clWaitForEvents", WORK, 0, FAULT_LOST, EAGER_OK, at_sync},
    {"clGetEventInfo", FAULT_SHARING, 0, FAULT_TOLD | FAULT_LOST | FAULT_SURVIVED,
     FAULT_EITHER,
     "of the user's event: told; of its queue: no flush is due; of our own: a sync point"},
    {"clGetEventInfo", WORK, 0, FAULT_LOST, EAGER_OK, at_sync},
    {"clRetainEvent", FAULT_SHARING, 0, FAULT_TOLD | FAULT_SURVIVED, EAGER_OK,
     "of the user's event: told; of our own: asked again"},
    {"clRetainEvent", WORK, 0, FAULT_SURVIVED, EAGER_OK, "asked again by whoever waits"},

    /* Kernels. */
    {"clCreateProgramWithBinary", FAULT_LOADING, 0, FAULT_SURVIVED, EAGER_OK, rebuilt},
    {"clBuildProgram", FAULT_LOADING, 0, FAULT_SURVIVED, EAGER_OK, rebuilt},
    {"clCreateKernel", FAULT_LOADING, 0, FAULT_SURVIVED, EAGER_OK, rebuilt},
    {"clGetKernel", FAULT_LOADING, 0, FAULT_SURVIVED, EAGER_OK, rebuilt},
    {"clBuildProgram", FAULT_BUILDING_USERS, -11, FAULT_TOLD, EAGER_INVALID_ARGUMENT, NULL},
    {"clBuildProgram", WORK, 0, FAULT_TOLD, EAGER_INTERNAL, NULL},
    {"clGetProgramInfo", WORK, 0, FAULT_SURVIVED, EAGER_OK, "not kept on the disk"},
    {"clCreateProgramWithSource", WORK, 0, FAULT_TOLD, EAGER_OK, NULL},
    {"clCreateKernel", WORK, 0, FAULT_TOLD, EAGER_OK, NULL},
    {"clGetKernel", WORK, 0, FAULT_TOLD, EAGER_OK, NULL},

    /* Opening, and the user's own objects. */
    {"clCreateContext", FAULT_OPENING, 0, FAULT_TOLD, EAGER_OK, NULL},
    {"clCreateCommandQueue", FAULT_OPENING, 0, FAULT_TOLD, EAGER_OK, NULL},
    {"clGetMemObjectInfo", FAULT_SHARING, 0, FAULT_TOLD, EAGER_OK, NULL},
    {"clRetainMemObject", FAULT_SHARING, 0, FAULT_TOLD, EAGER_OK, NULL},
};

int fault_call_number(const char *call) {
  for (int i = 0; i < CALLS; i++)
    if (strcmp(plausible[i].call, call) == 0) return i;
  return -1;
}

const char *fault_call_name(int number) {
  return plausible[number].call;
}

const int *fault_codes(const char *call) {
  int number = fault_call_number(call);
  return number >= 0 ? plausible[number].codes : NULL;
}

const fault_expectation *fault_expected(const char *call, fault_stage stage, int code) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const fault_expectation *row = &rows[i];
    if (strncmp(call, row->call, strlen(row->call)) == 0 &&
        (row->stages == 0 || (row->stages & stage) != 0) &&
        (row->code == 0 || row->code == code))
      return row;
  }
  return NULL;
}

const char *fault_outcome_name(fault_outcome outcome) {
  return outcome == FAULT_TOLD ? "told" : outcome == FAULT_LOST ? "lost" : "survived";
}
