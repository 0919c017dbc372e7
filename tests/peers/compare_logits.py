"""Compares two files of raw logits: mean KL divergence, largest difference, agreement of the most likely token."""
import numpy as np

ROWS_AT_A_TIME = 64


def log_softmax(logits):
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def compare(reference_path, candidate_path, vocabulary):
    """Returns a dict of figures; KL is KL(reference || candidate) in nats."""
    reference = np.memmap(reference_path, np.float32, "r").reshape(-1, vocabulary)
    candidate = np.memmap(candidate_path, np.float32, "r").reshape(-1, vocabulary)
    if reference.shape != candidate.shape:
        raise SystemExit(f"different sizes: {reference.shape} and {candidate.shape}")
    divergences, same_top, largest = [], 0, 0.0
    for begin in range(0, len(reference), ROWS_AT_A_TIME):
        a, b = reference[begin:begin + ROWS_AT_A_TIME], candidate[begin:begin + ROWS_AT_A_TIME]
        log_p, log_q = log_softmax(a), log_softmax(b)
        divergences.append((np.exp(log_p) * (log_p - log_q)).sum(axis=1))
        same_top += int((a.argmax(axis=1) == b.argmax(axis=1)).sum())
        largest = max(largest, float(np.abs(a - b).max()))
    divergences = np.concatenate(divergences)
    return {"positions": len(reference), "mean_kl": float(divergences.mean()), "max_kl": float(divergences.max()),
            "same_top": same_top / len(reference), "max_abs_difference": largest}
