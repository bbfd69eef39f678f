"""From torch to models that run without it: weights fused for inference, ONNX graphs and a card."""
