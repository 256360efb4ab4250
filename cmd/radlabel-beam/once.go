package main

import "sync"

// onceEach makes something once a process for each key, however many bundles ask for
// it at a time. What failed is tried again by the next who asks.
type onceEach[V any] struct {
	mu   sync.Mutex
	each map[string]*once[V]
}

type once[V any] struct {
	mu    sync.Mutex
	made  bool
	value V
}

// forget lets everything be made anew.
func (o *onceEach[V]) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.each = nil
}

func (o *onceEach[V]) get(key string, build func() (V, error)) (V, error) {
	o.mu.Lock()
	one := o.each[key]
	if one == nil {
		one = new(once[V])
		if o.each == nil {
			o.each = map[string]*once[V]{}
		}
		o.each[key] = one
	}
	o.mu.Unlock()

	one.mu.Lock()
	defer one.mu.Unlock()
	if !one.made {
		value, err := build()
		if err != nil {
			return value, err
		}
		one.value, one.made = value, true
	}
	return one.value, nil
}
