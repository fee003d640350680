;; The check stands on the way to the recursive calls: calls that end the recursion have none, and their callers pay for both.
;; options: {"meter": "shared"}
(module
  (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func $run (export "run") (param i32) (result i32) (call $fib (local.get 0))))
