/* The tiles that products on CPUs can be made in: one program each, and dtype. */
#include "ops/families.h"
#include "ops/gemm_plan.h"
#include "ops/plan.h"

enum { T12X2 };

static void write_tile(const eager__gemm_tile *tile, bool by_columns, eager_dtype dtype,
                       eager__strbuf *source) {
  int vectors = eager__computed_size(dtype) == 8 ? tile->vectors / 2 : tile->vectors;
  eager__strbuf_format(source, "#define ROWS %d\n#define VECTORS %d\n", tile->rows,
                       vectors);
  eager__strbuf_format(source, "#define DEPTH %d\n#define PANELS %d\n", tile->depth,
                       tile->panels);
  eager__strbuf_format(source, "#define BY_COLUMNS %d\n", by_columns);
}

static void write_12x2(eager_dtype dtype, eager__strbuf *source) {
  write_tile(&eager__gemm_tiles[T12X2], false, dtype, source);
}

static void write_12x2_columns(eager_dtype dtype, eager__strbuf *source) {
  write_tile(&eager__gemm_tiles[T12X2], true, dtype, source);
}

const eager__family eager__family_gemm = {
    .name = "gemm",
    .files = {"matmul", "matmul_tiles", "turn", "matmul_lay", "matmul_blocks"},
    .write_head = write_12x2};
const eager__family eager__family_gemm_columns = {
    .name = "gemm_columns",
    .files = {"matmul", "matmul_tiles", "turn", "matmul_lay", "matmul_blocks"},
    .write_head = write_12x2_columns};

const eager__family eager__family_gemm_direct = {
    .name = "gemm_direct",
    .files = {"matmul", "matmul_tiles", "matmul_direct"},
    .write_head = write_12x2};

const eager__family eager__family_gemm_packed = {
    .name = "gemm_packed",
    .files = {"matmul", "matmul_tiles", "turn", "matmul_lay", "matmul_packed"},
    .write_head = write_12x2};

const eager__gemm_tile eager__gemm_tiles[] = {
    [T12X2] = {12,
               2,
               384,
               8,
               {&eager__family_gemm, &eager__family_gemm_columns},
               &eager__family_gemm_direct,
               &eager__family_gemm_packed},
};
const int eager__gemm_tile_count = sizeof eager__gemm_tiles / sizeof *eager__gemm_tiles;
