/* Runs a program through the library's public API and holds every answer against what the
 * interpreter expects: eagerly (execute.c), or its ops as a graph (execute_graph.c). */
#ifndef EAGER_TESTS_RANDOM_EXECUTE_H
#define EAGER_TESTS_RANDOM_EXECUTE_H

#include "random/random_program.h"

enum { RP_PROBLEM = 2048 };

typedef enum rp_verdict {
  RP_RIGHT,
  RP_WRONG,
  RP_NO_PROGRAM /* some step has no one answer: only the shrinker makes such */
} rp_verdict;

/* In the calling thread, which has neither scopes nor settings before or after; whatever
 * the verdict, nothing of the program is held then. `problem` has room for RP_PROBLEM. */
rp_verdict rp_execute(const rp_program *program, const rp_world *world, char *problem);
rp_verdict rp_execute_as_graph(const rp_program *program, const rp_world *world,
                               char *problem);

/* How a batch of programs is run. */
typedef enum rp_way { RP_EAGERLY, RP_AS_GRAPHS, RP_WAYS } rp_way;

/* What all programs of this process have been through. */
typedef struct rp_counts {
  _Atomic long steps, ops, refused, failed, poisoned, values, elements;
  _Atomic long alone; /* ops of programs run as graphs that a graph cannot hold */
} rp_counts;
extern rp_counts rp_counted;

#endif
