;; Where charges stand in `exact`: what is on every way at the entry and at a loop's start, and the rest on the ways of forks.
;; options: {"meter": "shared", "model": "exact"}
(module
  (func $run (export "run") (param i32) (result i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get 0)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (if (i32.and (local.get 0) (i32.const 1))
          (then (nop) (br $again))
          (else (drop (call $run (local.get 0)))))
        (br_table $again $done (local.get 0))))
    (block (drop (i32.const 1)))
    (local.get 0)))
