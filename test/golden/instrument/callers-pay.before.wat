;; All callers of $leaf and $middle are known: they are not charged themselves, and $run pays for all of it. $large costs more
;; than callers may pay for.
;; options: {"meter": "shared"}
(module
  (memory 1)
  (func $leaf (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func $middle (param i32) (result i32) (i32.add (call $leaf (local.get 0)) (call $leaf (i32.const 1))))
  (func $large
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 4096)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 4096))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 4096)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 4096))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 4096)))
  (func $run (export "run") (param i32) (result i32)
    (call $large)
    (call $middle (local.get 0))))
