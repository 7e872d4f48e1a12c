/* How one kind of run of a graph is carried out: worked out once for each set of feeds,
 * their shapes and the fetches, and then played.
 *
 *   program   the needed nodes as items, with all extents known        resolve.c
 *             equal ones joined, exact identities, constants computed  simplify.c fold.c
 *             elementwise items joined into one kernel's               fuse.c
 *   schedule  the order, cut into segments of one device               schedule.c
 *   kernels   those that fusing makes, built together                  prepare.c
 *   memory    where each value lies                                    arena.c
 *   commands  recorded once for each segment                           bind.c
 *
 * A plan is never changed once it is made: any thread may run it. */
#ifndef EAGER_GRAPH_PLAN_H
#define EAGER_GRAPH_PLAN_H

#include "graph/graph.h"
#include "runtime/replay.h"

/* What a run asks for. Arrays are the caller's. */
typedef struct eager__request {
  size_t feed_count, fetch_count;
  const eager__edge *feeds, *fetches;
  eager_tensor *const *feed_values; /* dtypes and shapes agree with the nodes' */
} eager__request;

/* An output of an item, a feed or a constant. */
typedef struct eager__value {
  eager_dtype dtype;
  eager__shape shape;     /* all extents are known */
  int base;               /* whose bytes it has: itself, unless it is a view */
  int64_t offset;         /* bytes, from the base's first; 0 of a base */
  int same;               /* an earlier value that it equals, or itself */
  int item, output;       /* who makes it; -1: a feed or a constant */
  eager__device *device;  /* where its bytes are */
  int feed;               /* its number, or -1 */
  eager_tensor *constant; /* one reference, or NULL */
  const char *name;       /* of its node; borrowed, or NULL */
  int slot;               /* of a base, from binding on: 0 the arena, else a result's */
  int64_t place;          /* bytes, within it; -1: in no memory of the segment's */
  const void *bytes;      /* of a constant from the host: its bytes, borrowed, or NULL */
  bool is_needed;
} eager__value;

/* An op to be run. */
typedef struct eager__item {
  const eager__op *op;
  const char *called;      /* the op's name, or that of the op it is a part of */
  eager_dtype dtype;       /* the call's T */
  const void *user;        /* the call's; borrowed, or `fused` */
  void *fused;             /* owned: what a fused item is made of, or NULL */
  const eager__node *node; /* of the session's graph, that it came from */
  eager__device *device;   /* where it runs */
  bool is_apart;           /* runs by its own path */
  eager__attr *attrs;      /* EAGER__MAX_ATTRS, those given copied */
  int input_count, output_count;
  int *inputs, *outputs; /* values */
  /* Of a fused one, else NULL: */
  eager__part *readers, *makers; /* its parts' ends */
  int *parts;                    /* items, in order */
  int part_count;
  uint32_t *reach; /* by output: the inputs that it is computed from, as bits */
  bool is_needed;
  int part_of; /* number of the fused item it became a part of, or -1 */
} eager__item;

typedef struct eager__program {
  eager__recorder recorder; /* first: what resolving records into */
  const eager__node *node;  /* being resolved */
  eager__item *items;
  eager__value *values;
  size_t item_count, item_capacity, value_count, value_capacity;
  int *feeds;   /* values, by number of the feed */
  int *fetches; /* values, by number of the fetch */
  size_t feed_count, fetch_count;
} eager__program;

/* A run of items on one device: commands recorded once, or one op by its own path. */
typedef struct eager__segment {
  eager__device *device;
  int *items; /* in order */
  int item_count;
  eager__replay *replay; /* NULL: by the ops' own path */
  int input_count, output_count;
  int *inputs, *outputs; /* values: bases */
  eager__part *readers, *makers;
  int first_output;               /* of its slots; those of the inputs begin at 1 */
  size_t arena_size, arena_least; /* bytes: what it has, and what live at once at most */
  int *drops;                     /* values that nobody needs behind it */
  int drop_count;
} eager__segment;

typedef struct eager__plan {
  atomic_int refs;
  uint64_t used; /* when last; the session's lock held */
  /* The request. */
  size_t feed_count, fetch_count;
  eager__edge *feeds, *fetches;
  eager__shape *shapes;    /* of the feeds */
  eager__device **devices; /* of the feeds */
  eager__program program;
  eager__segment *segments;
  int segment_count;
  bool reinterprets; /* some view has another element size than its base */
} eager__plan;

/* --- The program, in program.c --- */

/* Items and values for what the fetches need of the first `count` nodes. `constants` gives
 * the values of nodes that hold bytes. Errors name the node. */
typedef struct eager__constants {
  eager_status (*find)(void *session, const eager__node *node, int number,
                       eager_tensor **out); /* one reference */
  void *session;
} eager__constants;

void eager__program_init(eager__program *p);
void eager__program_clear(eager__program *p);
/* A value that nobody makes yet, and an item; -1 and an error when memory is short. */
int eager__program_add_value(eager__program *p, eager_dtype dtype,
                             const eager__shape *shape);
int eager__program_add_item(eager__program *p, const eager__op *op, int input_count,
                            int output_count);
/* Puts `by` (taken over, also on failure) in the place of item `number`, which becomes the
 * last one. */
eager_status eager__program_exchange(eager__program *p, int number, eager__item *by);
/* What an item holds, not the item. */
void eager__item_clear(eager__item *item);
/* The value that stands for `value`. */
int eager__program_same(const eager__program *p, int value);
/* Whose bytes stand for it, and from which byte on. */
int eager__program_base(const eager__program *p, int value, int64_t *out_offset);
/* Marks what the fetches need. Items stand behind what they take. */
void eager__program_mark(eager__program *p);
/* Items, fetches and views name the values that stand for others from now on. */
void eager__program_settle(eager__program *p);

/* --- Phases --- */

eager_status eager__program_resolve(eager__program *p, eager__node *const *nodes, int count,
                                    const eager__request *request,
                                    const eager__constants *constants);
eager_status eager__program_simplify(eager__program *p);
eager_status eager__program_fold(eager__program *p);
/* Marked before. Parts of fused items are needed no more. */
eager_status eager__program_fuse(eager__program *p);
eager_status eager__plan_schedule(eager__plan *plan);
eager_status eager__plan_prepare(eager__plan *plan);
eager_status eager__plan_bind(eager__plan *plan);

/* A call of the item's op as its launch sees it, but for the buffers. It refers to the
 * program's values. Ended by eager__call_end. */
eager_status eager__item_describe(const eager__program *p, const eager__item *item,
                                  eager__call *out);

/* Records what it launches. */
eager_status eager__replay_item(const eager__program *p, const eager__item *item,
                                eager__call *call, eager__replay *replay, bool *out_fails);

/* The op that plays a segment. */
/* Its call.user. */
typedef struct eager__segment_call {
  const eager__plan *plan;
  const eager__segment *segment;
} eager__segment_call;
extern const eager__op eager__op_segment;

/* --- Items by their own path, in execute.c --- */

/* Runs `item` on concrete inputs as an eager call would. */
eager_status eager__item_run(const eager__item *item, eager_tensor *const *inputs,
                             eager_tensor **outputs);

/* --- The plan --- */

eager_status eager__plan_new(eager_graph *g, const eager__request *request,
                             const eager__constants *constants, eager__plan **out);
eager__plan *eager__plan_retain(eager__plan *plan);
void eager__plan_release(eager__plan *plan); /* NULL-safe */
/* For people: appends what a run does, and where what lies. */
void eager__plan_write(const eager__plan *plan, struct eager__strbuf *to);
void eager__plan_write_dot(const eager__plan *plan, int number, struct eager__strbuf *to);
bool eager__plan_is_for(const eager__plan *plan, const eager__request *request);

/* One run: outputs[i] for each fetch, one reference each. */
eager_status eager__plan_run(const eager__plan *plan, const eager__request *request,
                             eager_tensor **outputs);

#endif
