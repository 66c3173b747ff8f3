/** Number of a text's events that the other text entails. */
export interface EventCount {
  readonly entailed: number
  readonly total: number
}

/** AutoDQ's verdict on one description: how many reference events it entails, and how many of its own events the reference entails. */
export interface DreamVerdict {
  /** Key of the prediction that was judged. */
  readonly key: string
  /** Annotated `NAME/sub task`; the table has one row for each. */
  readonly dataset: string
  /** Annotated extra information; `n_subjects`, `n_shots` and `n_events` select the column of the additional tables. */
  readonly extraInfo: Readonly<Record<string, unknown>>
  readonly recall: EventCount
  readonly precision: EventCount
}

/** A judge's verdict on one open answer. */
export interface OpenVerdict {
  readonly key: string
  readonly dataset: string
  readonly correct: boolean
  /** From 0 (nothing in common) to 5 (identical). */
  readonly score: number
}
