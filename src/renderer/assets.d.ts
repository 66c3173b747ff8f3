/** An imported picture is the address under which the page finds it. */
declare module '*.svg' {
  const address: string
  export default address
}
