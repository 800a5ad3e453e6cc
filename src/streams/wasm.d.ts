/** The bundler hands a `.wasm` file over as a compiled module; only the instance is left to make. */
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}
