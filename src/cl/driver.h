/* What a floor above may say about the driver's objects: their names, no more.
 *
 * The driver's own handles are pointers to these structs, so the files of this floor pass
 * them to OpenCL as they are, and nobody else can do anything with them. */
#ifndef EAGER_CL_DRIVER_H
#define EAGER_CL_DRIVER_H

typedef struct _cl_platform_id eager__cl_platform;
typedef struct _cl_device_id eager__cl_device;
typedef struct _cl_context eager__cl_context;
typedef struct _cl_command_queue eager__cl_queue;
typedef struct _cl_mem eager__mem;
typedef struct _cl_event eager__event;
typedef struct _cl_program eager__cl_program;
typedef struct _cl_kernel eager__cl_kernel;

#endif
