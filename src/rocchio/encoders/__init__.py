"""How text becomes vectors: encoders as values, and what runs them. Libraries of models are loaded at first use."""

from rocchio.encoders.values import (
    EncoderValue,
    Function,
    Lsa,
    Model2Vec,
    Onnx,
    OpenAI,
    SentenceTransformer,
    parse_encoder,
)

__all__ = [
    "EncoderValue",
    "Function",
    "Lsa",
    "Model2Vec",
    "Onnx",
    "OpenAI",
    "SentenceTransformer",
    "parse_encoder",
]
