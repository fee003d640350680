;; Of loops inside each other the outermost is the nest: one load before it, one store behind it.
;; options: {"meter": "shared"}
(module
  (func $grid (export "grid") (param i32 i32) (local i32)
    (loop $rows
      (local.set 2 (local.get 1))
      (loop $columns (br_if $columns (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))))
      (br_if $rows (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
