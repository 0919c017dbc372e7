"""Tiny encoders with random weights and tokenizers trained here: complete Hugging Face folders of each kind."""
import base64
import io
import json
import sys
from pathlib import Path

import sentencepiece
from safetensors.numpy import save_file
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from encoder_forward import Checkpoint  # noqa: E402
from golden_encoders import BERT, MPNET, XLM_R, Case, write_modules  # noqa: E402

VOCABULARY = 2500


def wordpiece(texts, special, cls, sep, lowercase=True):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special,
                                                                   show_progress=False))
    pair = ((sep, tokenizer.token_to_id(sep)), (cls, tokenizer.token_to_id(cls)))
    tokenizer.post_processor = (processors.BertProcessing if cls == "[CLS]" else processors.RobertaProcessing)(*pair)
    return tokenizer


def unigram(texts, newer):
    """As transformers turns a SentencePiece model into XLM-R's tokenizer.json, in its older or newer form."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(texts), model_writer=model, vocab_size=VOCABULARY - 2,
                                             model_type="unigram", hard_vocab_limit=False, minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(piece.piece, piece.score) for piece in proto.pieces[3:]] + [("<mask>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    precompiled = {"type": "Precompiled", "precompiled_charsmap": charsmap}
    metaspace = pre_tokenizers.Metaspace()
    if newer:
        tokenizer.pre_tokenizer = metaspace
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    document = json.loads(tokenizer.to_str())
    collapse = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    document["normalizer"] = {"type": "Sequence", "normalizers": [precompiled, collapse]} if newer else precompiled
    return Tokenizer.from_str(json.dumps(document))


BERT_TOKENS = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}
S_TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "sep_token": "</s>", "pad_token": "<pad>",
            "cls_token": "<s>", "mask_token": "<mask>"}


def kinds(texts):
    """(case, tokenizer, tokenizer_config)"""
    special = list(BERT_TOKENS.values())
    order = [special[2], special[0], special[3], special[1], special[4]]
    bert = wordpiece(texts, order, "[CLS]", "[SEP]")
    config = {**BERT_TOKENS, "tokenizer_class": "BertTokenizer", "do_lower_case": True}
    s_config = {**S_TOKENS, "tokenizer_class": "XLMRobertaTokenizer"}

    def sized(base, tokenizer, **changes):
        size = tokenizer.get_vocab_size(with_added_tokens=True)
        return {**base, "hidden_size": 64, "intermediate_size": 96, "max_position_embeddings": 320, "vocab_size": size,
                **changes}

    yield Case("tiny_bert", "BertModel", sized(BERT, bert), pooling="mean", pooler=True), bert, config
    yield (Case("tiny_bert_reranker", "BertForSequenceClassification", sized(BERT, bert), "bert.", True, "one layer"),
           bert, config)
    cased = wordpiece(texts, order, "[CLS]", "[SEP]", lowercase=False)
    yield (Case("tiny_bert_cased", "BertModel", sized(BERT, cased), pooling="cls"), cased,
           {**config, "do_lower_case": False})
    older, newer = unigram(texts, False), unigram(texts, True)
    yield Case("tiny_xlm_roberta", "XLMRobertaModel", sized(XLM_R, older), pooling="mean"), older, s_config
    yield Case("tiny_xlm_roberta_newer", "XLMRobertaModel", sized(XLM_R, newer), pooling="cls"), newer, s_config
    yield (Case("tiny_xlm_roberta_reranker", "XLMRobertaForSequenceClassification", sized(XLM_R, older), "roberta.",
                False, "two layers"), older, s_config)
    mpnet = wordpiece(texts, ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"], "<s>", "</s>")
    yield (Case("tiny_mpnet", "MPNetModel", sized(MPNET, mpnet), pooling="mean"), mpnet,
           {**S_TOKENS, "unk_token": "[UNK]", "tokenizer_class": "MPNetTokenizer"})


def write(folder, case, tokenizer, tokenizer_config):
    """The folder, and the checkpoint for tools/encoder_forward.py."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(case.config))
    save_file(case.weights.tensors, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config))
    if case.pooling:
        write_modules(folder, case.pooling)
    return Checkpoint(case.config, case.weights.tensors)
