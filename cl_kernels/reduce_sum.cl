/* Sums, behind reduce_kernel.cl. */

REDUCE_BLOCK(sum_rows, rows_block, FOLD_SUM)
REDUCE_BLOCK(sum_columns, columns_block, FOLD_SUM)
FINISH_BLOCK(sum_finish, FOLD_SUM)
