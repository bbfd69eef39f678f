"""Models without torch: folders of graphs and a card, bundled ones among them, and ONNX Runtime."""
