;; Where few branches lead back to a loop, each pays for the turn that it begins, and the way to the loop for the first. With
;; three, or where nothing parts the ways of a turn, the loop's start pays.
;; options: {"meter": "shared", "optimizations": {"locals": false, "spills": false}}
(module
  (func $one (export "one") (param i32)
    (block $out
      (loop $l
        (br_if $out (i32.eq (local.get 0) (i32.const 7)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (func $straight (export "straight") (param i32)
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func $three (export "three") (param i32)
    (loop $l
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
      (br_if $l (i32.gt_u (local.get 0) (i32.const 100)))
      (br_if $l (i32.gt_u (local.get 0) (i32.const 10)))))
  (func $table (export "table") (param i32)
    (block $out (loop $l (br_table $out $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))
