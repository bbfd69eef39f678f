"""Networks without torch: ONNX Runtime, bundled weights and their cards."""
