"""Logits of exported ONNX folders as onnxruntime computes them: a prompt at once, or a part and then token by token with
the histories that come out put in again.
"""
import numpy as np
import onnxruntime as ort


def open_session(folder):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])


def empty_histories(session, head=None):
    """`head`: number of heads and their width, where the graph does not say them."""
    histories = {}
    for value in session.get_inputs():
        if value.name.startswith("past_key_values"):
            heads, width = head or (value.shape[1], value.shape[3])
            kind = np.float16 if value.type == "tensor(float16)" else np.float32
            histories[value.name] = np.zeros((1, heads, 0, width), kind)
    return histories


def step(session, tokens, histories):
    """The logits of tokens behind the histories, and the histories with them."""
    past = next(iter(histories.values())).shape[2]
    total = past + len(tokens)
    feed = {"input_ids": np.array([tokens], np.int64), "attention_mask": np.ones((1, total), np.int64),
            "position_ids": np.arange(past, total, dtype=np.int64)[None, :], **histories}
    wanted = {value.name for value in session.get_inputs()}
    names = [value.name for value in session.get_outputs()]
    made = dict(zip(names, session.run(names, {name: feed[name] for name in wanted})))
    later = {name.replace("present.", "past_key_values."): value for name, value in made.items() if name != "logits"}
    return made["logits"][0], later


def logits_at_once(session, tokens, head=None):
    return step(session, tokens, empty_histories(session, head))[0]


def logits_in_steps(session, tokens, first):
    logits, histories = step(session, tokens[:first], empty_histories(session))
    rows = [logits]
    for token in tokens[first:]:
        logits, histories = step(session, [token], histories)
        rows.append(logits)
    return np.concatenate(rows)
