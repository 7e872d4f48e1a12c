/* Counts the live OpenCL objects of the process, kind by kind. Every create, retain and
 * release in this floor is noted here; tests end with all counts at zero. */
#ifndef EAGER_CL_CENSUS_H
#define EAGER_CL_CENSUS_H

#include <stdint.h>

typedef enum eager__object {
  EAGER__OBJECT_CONTEXT,
  EAGER__OBJECT_QUEUE,
  EAGER__OBJECT_MEM,
  EAGER__OBJECT_EVENT,
  EAGER__OBJECT_PROGRAM,
  EAGER__OBJECT_KERNEL,
  EAGER__OBJECT_KINDS,
} eager__object;

void eager__census_add(eager__object kind, int change);
int64_t eager__census(eager__object kind);
int64_t eager__census_total(void);
const char *eager__census_name(eager__object kind);

#endif
