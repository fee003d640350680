;; $leaf is small and may be called indirectly: it is not charged, and `call_indirect` pays a fixed price for what it finds.
;; $loops and $calls could start a cycle: they pay and check.
;; options: {"meter": "shared"}
(module
  (type $unary (func (param i32) (result i32)))
  (table 3 funcref)
  (elem (i32.const 0) $leaf $loops $calls)
  (func $leaf (type $unary) (i32.mul (local.get 0) (i32.const 3)))
  (func $loops (type $unary) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0))
  (func $calls (type $unary) (call_indirect (type $unary) (local.get 0) (i32.const 0))))
