;; The counter is in a local inside a loop in which nothing else needs it, and goes back to the global on each way out: the end,
;; `br`, `br_if` with and without values, a table, `return`, a tail call, `unreachable`, and the trap of the check.
;; options: {"meter": "shared"}
(module
  (func $other (param i32) (result i32) (local.get 0))
  (func $end (export "end") (param i32)
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func $ends (export "ends") (param i32) (result i32)
    (block $plain
      (block $value (result i32)
        (loop $l
          (br_if $plain (i32.eq (local.get 0) (i32.const 1)))
          (drop (br_if $value (i32.const 10) (i32.eq (local.get 0) (i32.const 2))))
          (if (i32.eq (local.get 0) (i32.const 3)) (then (br $plain)))
          (if (i32.eq (local.get 0) (i32.const 4)) (then (return (i32.const 4))))
          (if (i32.eq (local.get 0) (i32.const 5)) (then (return_call $other (i32.const 5))))
          (if (i32.eq (local.get 0) (i32.const 6)) (then (unreachable)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (block $stay (br_table $stay $l $plain (i32.and (local.get 0) (i32.const 3))))
          (br $l))
        (unreachable))
      (return))
    (local.get 0)))
