;; Where charges stand: at the entry, at a loop's start, in both arms, and after each branch and each target.
(module
  (func (export "run") (param i32) (result i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get 0)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (if (i32.and (local.get 0) (i32.const 1))
          (then (nop) (br $again))
          (else (drop (call 0 (local.get 0)))))
        (br_table $again $done (local.get 0))))
    (block (drop (i32.const 1)))
    (local.get 0)))
