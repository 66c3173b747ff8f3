/** How many changed files a property test tries: as many as `TARSIER_MUTATIONS` says, else what every check has time for. */
export function mutations(usual: number): { readonly numRuns: number } {
  const asked = Number(process.env.TARSIER_MUTATIONS ?? 0)
  return { numRuns: asked > 0 ? asked : usual }
}
