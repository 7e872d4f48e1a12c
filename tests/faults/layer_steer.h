/* The layer's memory: what was called, what is alive, and what is to go wrong. The entry
 * points (layer.c) ask it first. */
#ifndef EAGER_TESTS_FAULTS_LAYER_STEER_H
#define EAGER_TESTS_FAULTS_LAYER_STEER_H

#include <CL/cl.h>
#include <CL/cl_layer.h>
#include <stdbool.h>

typedef enum entry_point {
  GET_PLATFORM_IDS,
  GET_PLATFORM_INFO,
  GET_DEVICE_IDS,
  GET_DEVICE_INFO,
  CREATE_CONTEXT,
  CREATE_QUEUE,
  CREATE_BUFFER,
  CREATE_SUB_BUFFER,
  CREATE_PROGRAM_SOURCE,
  CREATE_PROGRAM_BINARY,
  CREATE_KERNEL,
  CREATE_USER_EVENT,
  RETAIN_CONTEXT,
  RETAIN_QUEUE,
  RETAIN_MEM,
  RETAIN_PROGRAM,
  RETAIN_KERNEL,
  RETAIN_EVENT,
  RELEASE_CONTEXT,
  RELEASE_QUEUE,
  RELEASE_MEM,
  RELEASE_PROGRAM,
  RELEASE_KERNEL,
  RELEASE_EVENT,
  BUILD_PROGRAM,
  PROGRAM_INFO,
  PROGRAM_BUILD_INFO,
  KERNEL_INFO,
  KERNEL_WORK_GROUP_INFO,
  MEM_INFO,
  MEM_CALLBACK,
  SET_KERNEL_ARG,
  ENQUEUE_KERNEL,
  ENQUEUE_READ,
  ENQUEUE_WRITE,
  ENQUEUE_COPY,
  ENQUEUE_FILL,
  ENQUEUE_MAP,
  ENQUEUE_UNMAP,
  ENQUEUE_MARKER,
  FLUSH,
  FINISH,
  WAIT_FOR_EVENTS,
  EVENT_INFO,
  EVENT_PROFILING,
  EVENT_CALLBACK,
  ENTRY_POINTS,
} entry_point;

typedef enum kind { CONTEXT, QUEUE, MEM, PROGRAM, KERNEL, EVENT, KINDS } kind;

/* First thing of every call: the code to give instead of asking the driver; CL_SUCCESS:
 * ask. */
cl_int eager_layer_note(entry_point e);

/* `change` objects more are alive. */
void eager_layer_count(kind k, int change);

/* A command was put in and has this event. */
void eager_layer_enqueued(cl_event event);
/* The event is about to be given back for good. */
void eager_layer_forget(cl_event event);
/* Its status as the driver tells it, or what was planned for it. */
cl_int eager_layer_status(cl_event event, cl_int status);
/* Returns once nothing is stalled. */
void eager_layer_wait_stalled(void);
/* How many of `count` platforms or devices a call may tell of; `listing`: it asks for them,
 * not only for their number. */
cl_uint eager_layer_shorten(entry_point e, cl_uint count, bool listing);
/* The planned log, or NULL. */
const char *eager_layer_build_log(void);

/* Reads the environment's plans. */
void eager_layer_begin(void);

#endif
