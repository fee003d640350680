;; One charge at the start pays for all ways that differ little. The arm that is much dearer gets a charge of its own, and so does
;; what follows the `br_if`, since that often leaves.
;; options: {"meter": "shared", "optimizations": {"freeLeaves": false}}
(module
  (memory 1)
  (func $alike (export "alike") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.mul (local.get 0) (i32.const 3)))
      (else (i32.add (i32.mul (local.get 0) (i32.const 5)) (i32.div_u (i32.const 7) (i32.const 3))))))
  (func $apart (export "apart") (param i32)
    (if (local.get 0)
      (then (drop (memory.grow (i32.const 0))))
      (else (nop)))
    (br_if 0 (local.get 0))
    (drop (memory.grow (i32.const 0)))))
