/* All tables of doors: a new group of ops adds its header and its line. */
#ifndef EAGER_TESTS_DOORS_ALL_H
#define EAGER_TESTS_DOORS_ALL_H

#include "doors_array.h"
#include "doors_conv.h"
#include "doors_first.h"
#include "doors_linalg.h"
#include "doors_math.h"
#include "doors_nn.h"
#include "doors_pool.h"
#include "doors_random.h"
#include "doors_reduce.h"
#include "doors_segment.h"
#include "doors_sort.h"
#include "doors_special.h"
#include "doors_user.h"

#define TABLE(rows)                                                                        \
  { rows, sizeof rows / sizeof *rows }
static const struct {
  const row *rows;
  size_t count;
} doors_tables[] = {
    TABLE(array_rows),   TABLE(conv_rows),    TABLE(first_rows),  TABLE(linalg_rows),
    TABLE(reduce_rows),  TABLE(pool_rows),    TABLE(random_rows), TABLE(user_rows),
    TABLE(math_rows),    TABLE(segment_rows), TABLE(sort_rows),   TABLE(nn_rows),
    TABLE(special_rows),
};
enum { DOORS_TABLES = sizeof doors_tables / sizeof *doors_tables };

#endif
