"""Small real models, made on the spot: a vocabulary of some words, and a vector for each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "cat", "dog", "stock", "bond", "rain", "query", "document"]
DIM = 6


def word_vectors() -> np.ndarray:
    """One for each word (words, DIM); nothing for what is no word."""
    vectors = np.random.default_rng(7).normal(size=(len(WORDS), DIM)).astype(np.float32)
    vectors[:4] = 0
    vectors[5] = vectors[4] + 0.1  # cat and dog are alike
    return vectors


def tokenizer(special: bool) -> Any:
    """Words at white space; with [CLS] and [SEP] around a text if `special`."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    if special:
        made.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])
    return made


def save_onnx(folder: Path, name: str = "model.onnx") -> Path:
    """A model whose token states are word vectors, with its tokenizer."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    shape = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(each, TensorProto.INT64, shape) for each in ("input_ids", "attention_mask")]
    states = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, DIM])
    gather = helper.make_node("Gather", ["words", "input_ids"], ["last_hidden_state"])
    graph = helper.make_graph([gather], "words", inputs, [states], [numpy_helper.from_array(word_vectors(), "words")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / name))
    tokenizer(special=True).save(str(folder / "tokenizer.json"))
    return folder / name


def save_model2vec(folder: Path) -> Path:
    """A static model as its library stores it."""
    from model2vec import StaticModel

    StaticModel(word_vectors(), tokenizer(special=False), {"normalize": True}).save_pretrained(folder)
    return folder


def save_sentence_transformer(folder: Path) -> Path:
    """A tiny transformer with random weights, as sentence-transformers stores it."""
    from sentence_transformers import SentenceTransformer, models
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    inner = folder / "made"
    config = BertConfig(vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=32, max_position_embeddings=16)  # fmt: skip
    BertModel(config).save_pretrained(inner)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer(special=True), **names).save_pretrained(inner)
    transformer = models.Transformer(str(inner), max_seq_length=16)
    pooling = models.Pooling(transformer.get_word_embedding_dimension())
    SentenceTransformer(modules=[transformer, pooling]).save(str(folder / "st"))
    return folder / "st"
