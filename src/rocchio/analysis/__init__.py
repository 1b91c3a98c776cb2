"""TEMPORARY"""
import re
import numpy as np
class Analyzer:
    def __str__(self): return "english"
def parse_analyzer(t): return Analyzer()
def callable_analyzer(n,f): return Analyzer()
class Analysis:
    def __init__(self, a): self.reset()
    def reset(self): self._t={}
    @property
    def memory_bytes(self): return 100*len(self._t)
    @property
    def term_count(self): return len(self._t)
    def terms(self, data, offsets):
        b=bytes(data); ids=[]; ends=[0]
        for i in range(len(offsets)-1):
            for w in re.findall(r"\w+", b[offsets[i]:offsets[i+1]].decode().lower()):
                ids.append(self._t.setdefault(w,len(self._t)))
            ends.append(len(ids))
        return np.array(ids,np.uint32), np.array(ends,np.int64)
    def query_terms(self,t):
        d={}
        for w in re.findall(r"\w+", t.lower()): d[w]=d.get(w,0)+1.0
        return d
    def spans(self,t): return [(m.start(),m.end(),m.group().lower()) for m in re.finditer(r"\w+",t)]
    def terms_arrays(self):
        bs=[w.encode() for w in self._t]
        return np.frombuffer(b"".join(bs) or b"",np.uint8), np.concatenate([[0],np.cumsum([len(x) for x in bs])]).astype(np.int64)
