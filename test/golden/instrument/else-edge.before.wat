;; An `if` without `else` whose other way is the costlier gets an `else` for the charge, through which its values pass unchanged.
;; options: {"meter": "shared", "model": "exact"}
(module
  (func $leaves (export "leaves") (param i32) (result i32)
    (local.get 0) (i32.const 7)
    (local.get 0)
    (if (param i32 i32) (result i32 i32) (then (i32.const 1) (return)))
    (i32.add) (i32.const 3) (i32.mul)))
