/* The usual grids, rounded up to whole work-groups. */
#include "runtime/commands.h"

static void set_axis(eager__grid *grid, int axis, int64_t global, int64_t local) {
  size_t width = (size_t)local;
  grid->local[axis] = width;
  grid->global[axis] = (size_t)global;
  if (width > 1) grid->global[axis] = ((size_t)global + width - 1) / width * width;
}

eager__grid eager__grid_1d(int64_t global, int64_t local) {
  eager__grid grid = {.dims = 1};
  set_axis(&grid, 0, global, local);
  return grid;
}

eager__grid eager__grid_2d(int64_t global0, int64_t local0, int64_t global1,
                           int64_t local1) {
  eager__grid grid = {.dims = 2};
  set_axis(&grid, 0, global0, local0);
  set_axis(&grid, 1, global1, local1);
  return grid;
}

eager__grid eager__grid_3d(int64_t global0, int64_t local0, int64_t global1, int64_t local1,
                           int64_t global2, int64_t local2) {
  eager__grid grid = {.dims = 3};
  set_axis(&grid, 0, global0, local0);
  set_axis(&grid, 1, global1, local1);
  set_axis(&grid, 2, global2, local2);
  return grid;
}
