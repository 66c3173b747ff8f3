/** Files of the GPU pack, with their checksums. Written by scripts/gpu-pack.mjs. */
export const packTable = [
  {
    system: 'linux-x64',
    use: 'language',
    name: '@node-llama-cpp/linux-x64-cuda',
    version: '3.21.1',
    url: 'https://registry.npmjs.org/@node-llama-cpp/linux-x64-cuda/-/linux-x64-cuda-3.21.1.tgz',
    bytes: 142_850_036,
    unpacked: 188_713_472,
    integrity: 'sha512-idsE55VoD/FbvLhnBC9krUJaUoC0XnebseAAnCpm/brKf61HEbu+idgbb5eN6mxkjLSrHtILprJ0nDcUJjVrFg==',
  },
  {
    system: 'win32-x64',
    use: 'language',
    name: '@node-llama-cpp/win-x64-cuda',
    version: '3.21.1',
    url: 'https://registry.npmjs.org/@node-llama-cpp/win-x64-cuda/-/win-x64-cuda-3.21.1.tgz',
    bytes: 138_542_727,
    unpacked: 175_524_352,
    integrity: 'sha512-PLz70neFEMkQTlmJqG1ujUtCSgHasLPMxQ9rLkqQVmZYAXqkRj+45TIHCjdn3XqUeaoun0vrO9rRaxZ8NVq9jg==',
  },
  {
    system: 'linux-x64',
    use: 'vision',
    name: 'onnxruntime-gpu',
    version: '1.30.0',
    url: 'https://files.pythonhosted.org/packages/9e/80/d96143329dbe925d434b016c890a5caa785fac8e14a1570e5d6818b63545/onnxruntime_gpu-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl',
    bytes: 246_685_715,
    unpacked: 317_893_048,
    integrity: 'sha256-aswPSz1axfKYRDL6pZ3Y/M5ndfi0OnFAr6DzIsenA7E=',
  },
] as const
