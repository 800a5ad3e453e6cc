;; Any reflected CRC of up to 64 bits, by table lookup over 16 bytes at a time ("slicing-by-16").
;; One instance serves one polynomial; between two calls it remembers nothing but its tables.
;; Built into crc.wasm by scripts/build-crc.mjs.
;;
;; Memory:      0 ..  32,767   sixteen tables of 256 64-bit entries; table k at k * 2,048
;;         32,768 .. 131,071   the block: the caller puts its bytes here
(module
  (import "crc" "polynomial" (global $polynomial i64)) ;; reflected: the lowest bit stands for the highest power
  (memory (export "memory") 2)

  ;; Table 0 holds what a byte does to an empty register, table k the same after k more zero bytes.
  (func $buildTables
    (local $at i32) (local $bit i32) (local $crc i64)
    (loop $eachByte
      (local.set $crc (i64.extend_i32_u (i32.shr_u (local.get $at) (i32.const 3))))
      (local.set $bit (i32.const 8))
      (loop $eachBit
        ;; 0 - (crc & 1) is all ones where a one falls out, and then the polynomial comes in
        (local.set $crc
          (i64.xor
            (i64.shr_u (local.get $crc) (i64.const 1))
            (i64.and
              (global.get $polynomial)
              (i64.sub (i64.const 0) (i64.and (local.get $crc) (i64.const 1))))))
        (br_if $eachBit (local.tee $bit (i32.sub (local.get $bit) (i32.const 1)))))
      (i64.store (local.get $at) (local.get $crc))
      (br_if $eachByte
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 2048))))
    (loop $eachEntry
      (local.set $crc (i64.load (i32.sub (local.get $at) (i32.const 2048))))
      (i64.store
        (local.get $at)
        (i64.xor
          (i64.shr_u (local.get $crc) (i64.const 8))
          (i64.load (i32.shl (i32.and (i32.wrap_i64 (local.get $crc)) (i32.const 255)) (i32.const 3)))))
      (br_if $eachEntry
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 32768)))))
  (start $buildTables)

  ;; The register after `length` bytes of the block. All ones at the start and the inversion at the end are the caller's.
  (func (export "update") (param $crc i64) (param $length i32) (result i64)
    (local $at i32) (local $end i32) (local $first i64) (local $second i64)
    (local.set $at (i32.const 32768))

    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -16))))
    (block $noMoreSixteens
      (loop $eachSixteen
        (br_if $noMoreSixteens (i32.eq (local.get $at) (local.get $end)))
        (local.set $first (i64.xor (local.get $crc) (i64.load (local.get $at))))
        (local.set $second (i64.load offset=8 (local.get $at)))
        ;; A byte's entry lies at its value * 8, hence the shifts by 3 less than its place and the mask 255 * 8.
        ;; The xors form a tree, so that the lookups need not wait for each other.
        (local.set $crc
          (i64.xor
            (i64.xor
              (i64.xor
                (i64.xor
                  (i64.load offset=14336 (i32.and (i32.wrap_i64 (i64.shl (local.get $second) (i64.const 3))) (i32.const 2040)))
                  (i64.load offset=12288 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 5))) (i32.const 2040))))
                (i64.xor
                  (i64.load offset=10240 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 13))) (i32.const 2040)))
                  (i64.load offset=8192 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 21))) (i32.const 2040)))))
              (i64.xor
                (i64.xor
                  (i64.load offset=6144 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 29))) (i32.const 2040)))
                  (i64.load offset=4096 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 37))) (i32.const 2040))))
                (i64.xor
                  (i64.load offset=2048 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 45))) (i32.const 2040)))
                  (i64.load (i32.and (i32.wrap_i64 (i64.shr_u (local.get $second) (i64.const 53))) (i32.const 2040))))))
            (i64.xor
              (i64.xor
                (i64.xor
                  (i64.load offset=30720 (i32.and (i32.wrap_i64 (i64.shl (local.get $first) (i64.const 3))) (i32.const 2040)))
                  (i64.load offset=28672 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 5))) (i32.const 2040))))
                (i64.xor
                  (i64.load offset=26624 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 13))) (i32.const 2040)))
                  (i64.load offset=24576 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 21))) (i32.const 2040)))))
              (i64.xor
                (i64.xor
                  (i64.load offset=22528 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 29))) (i32.const 2040)))
                  (i64.load offset=20480 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 37))) (i32.const 2040))))
                (i64.xor
                  (i64.load offset=18432 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 45))) (i32.const 2040)))
                  (i64.load offset=16384 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $first) (i64.const 53))) (i32.const 2040))))))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $eachSixteen)))

    (local.set $end (i32.add (i32.const 32768) (local.get $length)))
    (block $noMoreBytes
      (loop $eachByte
        (br_if $noMoreBytes (i32.eq (local.get $at) (local.get $end)))
        (local.set $crc
          (i64.xor
            (i64.shr_u (local.get $crc) (i64.const 8))
            (i64.load
              (i32.shl
                (i32.and
                  (i32.xor (i32.wrap_i64 (local.get $crc)) (i32.load8_u (local.get $at)))
                  (i32.const 255))
                (i32.const 3)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $eachByte)))
    (local.get $crc)))
