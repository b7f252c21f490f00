// The steps of recurrent layers that follow each other in time, for some rows of a batch: what no
// large matrix product can do. Plain arrays, so that the file is compiled for vector units.
//
// Source of the equations: Hochreiter and Schmidhuber 1997 with forget gates (Gers 2000), gates in
// PyTorch's order i, f, g, o; Cho et al. 2014 in the form that PyTorch documents, gates r, z, n.
//
// Arrays are [time, batch, …], contiguous, of float or double. Pure but for what they write;
// several threads may run them over disjoint rows.
#pragma once

#include <cstdint>

namespace tutti {

struct RecurrentSize {
  std::int64_t time;
  std::int64_t batch;
  std::int64_t hidden;
};

struct BatchRows {
  std::int64_t begin;
  std::int64_t end;
};

template <class T>
struct LstmForward {
  const T* weights;  // recurrent, [hidden, 4 hidden]: transposed
  T* gates;          // [.., 4 hidden] in: the input's part and both biases; out: the gates
  T* cells;          // [.., hidden] out
  T* cell_tanhs;     // [.., hidden] out
  T* states;         // [.., hidden] out
};

template <class T>
struct LstmBackward {
  const T* weights;      // recurrent, [4 hidden, hidden]
  const T* gates;        // as LstmForward left them
  const T* cells;        //
  const T* cell_tanhs;   //
  const T* state_grads;  // [.., hidden]
  T* gate_grads;         // [.., 4 hidden] out: of the gates before their functions
  T* carry;              // [2, batch, hidden] zeros in: for what goes from step to step
};

template <class T>
struct GruForward {
  const T* weights;  // recurrent, [hidden, 3 hidden]: transposed
  T* gates;       // [.., 3 hidden] in: the input's part, its biases and r's and z's recurrent ones
  T* candidates;  // [.., hidden] in: n's recurrent bias; out: n's recurrent part
  T* states;      // [.., hidden] out
};

template <class T>
struct GruBackward {
  const T* weights;      // recurrent, [3 hidden, hidden]
  const T* gates;        // as GruForward left them
  const T* candidates;   //
  const T* states;       //
  const T* state_grads;  // [.., hidden]
  T* input_grads;        // [.., 3 hidden] out: of the input's part
  T* recurrent_grads;    // [.., 3 hidden] out: of the recurrent part
  T* carry;              // [batch, hidden] zeros in
};

// The state before the first step is zero.
void RunLstmForward(const LstmForward<float>& data, RecurrentSize size, BatchRows rows);
void RunLstmForward(const LstmForward<double>& data, RecurrentSize size, BatchRows rows);
void RunLstmBackward(const LstmBackward<float>& data, RecurrentSize size, BatchRows rows);
void RunLstmBackward(const LstmBackward<double>& data, RecurrentSize size, BatchRows rows);
void RunGruForward(const GruForward<float>& data, RecurrentSize size, BatchRows rows);
void RunGruForward(const GruForward<double>& data, RecurrentSize size, BatchRows rows);
void RunGruBackward(const GruBackward<float>& data, RecurrentSize size, BatchRows rows);
void RunGruBackward(const GruBackward<double>& data, RecurrentSize size, BatchRows rows);

}  // namespace tutti
