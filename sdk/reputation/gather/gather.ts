/**
 * The inner loop of EigenTrust in AssemblyScript, for WebAssembly, where it takes less than half the time. `scripts/wasm.ts`
 * compiles it. It does what `gatherPlainly` in `TrustRounds.ts` does, in the same order, so that both give the same bits.
 */

/**
 * Gathers for the peers from `first` up to, not including, `last`. All lists are offsets in the memory that the caller brings:
 * 32-bit indices and slots, 64-bit numbers. Returns how much trust moved.
 */
export function gather(
  first: i32, last: i32, starts: usize, ends: usize, peers: usize, amounts: usize, each: usize, preTrust: usize,
  trust: usize, next: usize, kept: f64, seeded: f64,
): f64 {
  let change: f64 = 0
  for (let peer = first; peer < last; peer++) {
    const slot: usize = load<u32>(starts + at4(peer))
    const end = peers + (<usize>load<u32>(ends + at4(peer)) << 2)
    let amount = amounts + (slot << 3)
    let gathered: f64 = 0
    for (let partner = peers + (slot << 2); partner < end; partner += 4, amount += 8) {
      gathered += load<f64>(each + (<usize>load<u32>(partner) << 3)) * load<f64>(amount)
    }
    const value = kept * gathered + seeded * load<f64>(preTrust + at8(peer))
    change += abs(value - load<f64>(trust + at8(peer)))
    store<f64>(next + at8(peer), value)
  }
  return change
}

@inline function at4(index: i32): usize {
  return <usize>index << 2
}

@inline function at8(index: i32): usize {
  return <usize>index << 3
}
