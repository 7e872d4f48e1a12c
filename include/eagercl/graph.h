/* graph.h - ops recorded now and run later, by the same functions that compute eagerly.
 *
 *   eager_graph *g;
 *   eager_session *s;
 *   eager_tensor *x, *y, *out;
 *   eager_graph_new(&g);
 *   eager_graph_begin(g);
 *   eager_placeholder(EAGER_FLOAT32, 2, (int64_t[]){-1, 4}, "x", &x);
 *   eager_relu(x, &y);                              a node, not a value
 *   eager_graph_end();
 *   eager_session_new(g, NULL, &s);
 *   eager_session_run(s, &x, &value, 1, &y, 1, &out);
 *
 * Between eager_graph_begin and eager_graph_end every op of the thread becomes a node and
 * returns a *symbolic* tensor: dtype and shape are known (-1: an extent that is not), a
 * value is not. Errors of dtypes, shapes and attributes come at once, as they do eagerly;
 * what a driver's compiler refuses comes when it runs. A concrete tensor among the inputs
 * is captured: the graph keeps it and its value. Ops whose output size depends on data are
 * refused. A run of a user's kernel is a node: sizes and values are copied, and the handle
 * of the kernel may be released.
 *
 * A program that has not enabled eager execution can make and run graphs, and enable no
 * more (eager_enable_execution, runtime.h). Its first session decides which devices there
 * are, and under which names: until then, names (eager_push_device) are checked against
 * those of the machine's devices and of EAGERCL_VISIBLE_DEVICES, and a run tells what the
 * session does not have. Outside of graph scopes tensors made of host data are to be had
 * from then on. */
#ifndef EAGERCL_GRAPH_H
#define EAGERCL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eagercl/dtype.h>
#include <eagercl/export.h>
#include <eagercl/runtime.h>
#include <eagercl/status.h>
#include <eagercl/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Nodes in the order they were recorded in. Any thread may record into it and run it. */
typedef struct eager_graph eager_graph;

/* Works before enabling, which it ends. The caller releases *out. */
EAGER_API EAGER_NODISCARD eager_status eager_graph_new(eager_graph **out);
/* NULL-safe. Symbolic tensors and sessions keep what they need of it. */
EAGER_API void eager_graph_release(eager_graph *g);

/* From here on this thread records into `g`. Scopes nest; the innermost counts. */
EAGER_API EAGER_NODISCARD eager_status eager_graph_begin(eager_graph *g);
/* Ends the innermost; EAGER_FAILED_PRECONDITION when this thread has none open, or its
 * function's body has begun none. */
EAGER_API EAGER_NODISCARD eager_status eager_graph_end(void);

/* Names of nodes recorded until the end begin with the scope's: "dense/MatMul_3", "a/b/x".
 * Scopes nest, and belong to the graph scope that is the innermost at their begin, with
 * which they end. As in TensorFlow, a name is made unique when its scope begins ("dense",
 * "dense_1"); "dense/" enters the very scope of that name again, from the outermost on. It
 * is made of A-Z a-z 0-9 _ . - and, between others, /; the outermost begins with neither _
 * nor -. Where ops run at once a scope changes nothing, so that code may serve both. */
EAGER_API EAGER_NODISCARD eager_status eager_name_scope_begin(const char *name);
/* EAGER_FAILED_PRECONDITION when this thread's graph scope has none open. */
EAGER_API EAGER_NODISCARD eager_status eager_name_scope_end(void);

/* A tensor whose value each run is fed. `dims` has `rank` extents, -1 for one that may be
 * any. `name` (NULL: "Placeholder") is made unique. EAGER_FAILED_PRECONDITION outside a
 * graph scope. One reference for the caller. */
EAGER_API EAGER_NODISCARD eager_status eager_placeholder(eager_dtype dtype, int rank,
                                                         const int64_t *dims,
                                                         const char *name,
                                                         eager_tensor **out);

typedef enum eager_graph_format {
  EAGER_GRAPH_TEXT, /* a line for each node, in the order they were recorded in */
  EAGER_GRAPH_DOT   /* for Graphviz: dot -Tsvg */
} eager_graph_format;

/* The nodes with their inputs, attributes that were given, dtypes, shapes and devices, for
 * people to read; the form may change. The caller frees *out_text with eager_free. */
EAGER_API EAGER_NODISCARD eager_status eager_graph_dump(eager_graph *g,
                                                        eager_graph_format format,
                                                        char **out_text);

/* Whether `t` has no value. Such a tensor answers dtype and shape; its byte size is 0, its
 * device "", eager_tensor_poll says EAGER_FAILED, and what needs its value is
 * EAGER_FAILED_PRECONDITION. */
EAGER_API bool eager_tensor_is_symbolic(const eager_tensor *t);

/* ---- Sessions ---- */

/* Runs a graph. Any number of threads may run it at once. */
typedef struct eager_session eager_session;

/* `config` is that of eager_enable_execution; NULL asks for nothing. Where eager execution
 * is enabled, or another session was made, it must ask for the same: EAGER_INVALID_ARGUMENT
 * names what differs. Nodes recorded later run, too. The caller releases *out. */
EAGER_API EAGER_NODISCARD eager_status eager_session_new(eager_graph *g,
                                                         const eager_config *config,
                                                         eager_session **out);

/* Computes fetches[i] into outputs[i] (`fetch_count` of them, one reference each), where
 * feeds[i] has the value feed_values[i], and nothing that they do not need. Any tensor of
 * the graph may be fed. What was recorded under a device's name runs there, all else on the
 * default device; policy and mode are the thread's.
 *
 * How that is done is worked out at the first run with these feeds, fetches and shapes, and
 * kept (the latest 64 ways). Results have the bits of the same ops run eagerly, but for a
 * NaN's sign and payload. outputs[i] may be the same handle as another, when both are known
 * to be equal.
 *
 * What fails in a node ends in " (node NAME)". outputs[i] may be a handle that was fed or
 * captured; the array must not be that of the feeds.
 *
 * EAGER_INVALID_ARGUMENT: a placeholder that is needed is not fed, a feed of another dtype
 * or shape, a tensor of another graph. On failure all outputs are NULL. */
EAGER_API EAGER_NODISCARD eager_status
eager_session_run(eager_session *s, eager_tensor *const *feeds,
                  eager_tensor *const *feed_values, size_t feed_count,
                  eager_tensor *const *fetches, size_t fetch_count, eager_tensor **outputs);

/* How its runs are carried out, for people to read; the form may change. A part for each
 * set of feeds, their shapes and fetches it was run with (the latest 64): which ops became
 * one kernel, on which device, and where each value lies: at a byte of the arena that the
 * ops of one device share, in a result, or in registers. The caller frees *out_text with
 * eager_free. */
EAGER_API EAGER_NODISCARD eager_status eager_session_dump(eager_session *s,
                                                          eager_graph_format format,
                                                          char **out_text);

/* NULL-safe; no thread may be running it. */
EAGER_API void eager_session_release(eager_session *s);

/* ---- Functions: a C function, traced once for each signature ---- */

/* Computes `outputs` (one reference each) from `inputs` by ops. It is called while a graph
 * is recorded, with symbolic tensors, and must not ask for values: what it reads elsewhere,
 * and concrete tensors it uses, are part of the recording from then on. Of scopes it ends
 * those it began, and can end no others. When it fails it has released what it made;
 * `outputs` is not looked at. */
typedef eager_status (*eager_function_body)(eager_tensor *const *inputs, size_t input_count,
                                            eager_tensor **outputs, size_t output_count,
                                            void *user);
/* Any thread may call it. */
typedef struct eager_function eager_function;

/* `user` is handed to `body`, which both must outlive. The caller releases *out. */
EAGER_API EAGER_NODISCARD eager_status eager_function_new(eager_function_body body,
                                                          size_t output_count, void *user,
                                                          eager_function **out);

/* Runs what `body` recorded for inputs of these dtypes and shapes in this device scope; at
 * their first call it is recorded. The 64 recordings that were called last are kept, until
 * the function is released. `outputs`, not the array of the inputs, has the function's
 * output_count slots, NULL on failure. While this thread records, the body's ops become
 * part of that graph instead. */
EAGER_API EAGER_NODISCARD eager_status eager_function_call(eager_function *f,
                                                           eager_tensor *const *inputs,
                                                           size_t input_count,
                                                           eager_tensor **outputs);

/* How often the body was recorded for a new signature, or again for one that had to make
 * room; 0 for NULL. */
EAGER_API size_t eager_function_trace_count(const eager_function *f);
/* NULL-safe; no thread may be calling it. */
EAGER_API void eager_function_release(eager_function *f);

#ifdef __cplusplus
}
#endif

#endif /* EAGERCL_GRAPH_H */
