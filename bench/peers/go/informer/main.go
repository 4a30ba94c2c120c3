// The shared informer of client-go on the EndpointSlices of one service, with nothing behind it: the floor of
// what a program of its own would cost. It keeps the slices as they come; it makes no members of them.
package main

import (
	"flag"
	"log"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

func main() {
	server := flag.String("server", "", "URL of the API server")
	ca := flag.String("ca-file", "", "CA of the server")
	flag.Parse()
	config := &rest.Config{Host: *server, TLSClientConfig: rest.TLSClientConfig{CAFile: *ca}}
	config.ContentType = "application/json"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	service := informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.LabelSelector = "kubernetes.io/service-name=db"
	})
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace("bench"), service)
	informer := factory.Discovery().V1().EndpointSlices().Informer()
	nothing := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) {},
		UpdateFunc: func(any, any) {},
		DeleteFunc: func(any) {},
	}
	if _, err := informer.AddEventHandler(nothing); err != nil {
		log.Fatal(err)
	}
	factory.Start(nil)
	factory.WaitForCacheSync(nil)
	select {}
}
