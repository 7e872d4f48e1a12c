/* Between gemm.c and the ways of making products: how a launch of the kernels in
 * cl_kernels/matmul*.cl is planned. */
#ifndef EAGER_OPS_GEMM_PLAN_H
#define EAGER_OPS_GEMM_PLAN_H

#include "cl/program.h"
#include "ops/gemm.h"

enum {
  EAGER__GEMM_RANK = 6, /* of the kernels' walk over products */
  EAGER__GEMM_FEW = 4,  /* columns of DOTS, rows of ROWS: THIN of matmul_thin.cl */
  EAGER__GEMM_SPAN = 4096,
};

/* As in matmul.cl. */
typedef struct eager__gemm_args {
  int64_t m, n, k, a_row, a_col, b_row, b_col, c_row, c_col;
  int64_t rows, columns, side, lanes;
  int64_t begin, end, depth, parts;
  int64_t subtract, to_sums, from_sums;
  int64_t first, count, each;
  int64_t rank;
  int64_t dims[EAGER__GEMM_RANK], a_strides[EAGER__GEMM_RANK], b_strides[EAGER__GEMM_RANK],
      c_strides[EAGER__GEMM_RANK];
} eager__gemm_args;

/* --- Choosing: a pure function of the device's traits and the product --- */

typedef enum eager__gemm_way {
  EAGER__GEMM_BLOCKS, /* CPUs; anything */
  EAGER__GEMM_DIRECT, /* CPUs; b_col 1, m >= 4, n >= V, not for 16-bit floats */
  EAGER__GEMM_DOTS, /* CPUs; n at most FEW, a_col 1; b is laid out anew unless b_row is 1 */
  EAGER__GEMM_ROWS, /* CPUs; m at most FEW, b_col 1, n >= V, nothing subtracted */
  EAGER__GEMM_TILED, /* GPUs; anything */
  EAGER__GEMM_THIN,  /* GPUs; n at most 8 */
} eager__gemm_way;

/* What the registers hold, and what a work-item lays out at once, in matmul_blocks.cl. A
 * program of its own each. */
typedef struct eager__gemm_tile {
  int rows, vectors; /* of V elements of 4 bytes, or half as many of 8 */
  int depth, panels;
  const eager__family *families[2]; /* BLOCKS: for a by rows, by columns */
  const eager__family *direct, *packed;
} eager__gemm_tile;
extern const eager__gemm_tile eager__gemm_tiles[];
extern const int eager__gemm_tile_count;

/* Bits of the result depend on `way`, `swap`, BLOCKS' depth of the tile, and `depth`;
 * nothing else here changes them, so nothing else but those must not depend on the machine.
 */
typedef struct eager__gemm_choice {
  bool clblast; /* where it is there, with the rest behind it */
  bool swap;    /* c's transpose from b's and a's, first; all else is said of that */
  eager__gemm_way way;
  int tile;        /* BLOCKS: of eager__gemm_tiles */
  int64_t rows;    /* BLOCKS, DOTS: of a work-item; of BLOCKS, DIRECT a multiple of the
                    tile's */
  int64_t columns; /* BLOCKS, DIRECT: a multiple of the tile's width; ROWS: of V, and
                      (columns + n % columns) * m at most SPAN; n for one block */
  int64_t each;    /* CPUs: products of a work-item, when it takes whole ones */
  int64_t depth;   /* of the parts of k that are added up at the end; k for one */
  int64_t side;    /* TILED: 1, 4, 8, 16 */
  int64_t parts;   /* TILED: of `depth`, that are made at once */
} eager__gemm_choice;

typedef struct eager__gemm_device {
  const eager__traits *traits;
  int64_t units; /* of computing */
} eager__gemm_device;

/* `p`: m, n, k > 0, strides (c_col 1 if either of c's is), count, rank, subtract. */
eager__gemm_choice eager__gemm_choose(const eager__gemm_device *device, eager_dtype dtype,
                                      const eager__gemm_args *p);

/* Whether the kernels can do what is chosen: for choices that come from elsewhere. */
bool eager__gemm_is_legal(const eager__gemm_device *device, eager_dtype dtype,
                          const eager__gemm_args *p, const eager__gemm_choice *choice);

/* Columns of a tile's registers. */
int64_t eager__gemm_tile_width(const eager__gemm_tile *tile, const eager__traits *traits,
                               eager_dtype dtype);

/* --- Launching --- */

/* What a launch is made from. */
typedef struct eager__gemm_plan {
  eager__commands *commands;
  const eager__traits *traits;
  eager_dtype dtype;
  eager__spot a, b, c;
  int64_t count; /* products in all */
  eager__gemm_args p;
  eager__gemm_choice choice;
} eager__gemm_plan;

/* c's transpose is b's times a's. */
void eager__gemm_swap_args(eager__gemm_args *p);

/* a, b, c, `sums` (a workspace or -1), args. */
void eager__gemm_add_operands(const eager__gemm_plan *l, int sums);
/* Room for what `parts` of `count` products add up to. */
int eager__gemm_make_sums(const eager__gemm_plan *l, int64_t parts, int64_t count);
/* Adds up the parts by `family`'s kernel; zeros where there are none. */
eager_status eager__gemm_add_finish(const eager__gemm_plan *l, const eager__family *family,
                                    int sums);

/* The one kernel `name` on CPUs, over `down` x `across` pieces of every product. `waits`:
 * sums are kept between stretches of k. */
eager_status eager__gemm_add_pieces(eager__gemm_plan *l, const eager__family *family,
                                    const char *name, int64_t down, int64_t across,
                                    bool waits);

/* BLOCKS from b as it was laid out before (gemm_packed.c): true where b is kept so or is
 * now to be, and the product has been added, with *out its status. The bits are BLOCKS'. */
bool eager__gemm_add_packed(eager__gemm_plan *l, eager_status *out);

/* For CPUs (gemm_blocks.c) and GPUs (gemm_groups.c), as chosen. k > 0. */
eager_status eager__gemm_launch_blocks(eager__gemm_plan *l);
eager_status eager__gemm_launch_groups(eager__gemm_plan *l);

#endif
