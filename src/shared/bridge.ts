/** What the Electron shell gives the page as `window.tarsier`; in a browser there is none. */
export interface Bridge {
  /** Node's name of the operating system, such as `darwin`. */
  readonly platform: string
}
