/** The URL of an imported image. */
declare module '*.svg' {
  const address: string
  export default address
}
